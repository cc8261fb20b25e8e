using System.Globalization;
using Npgsql;

namespace Persistence.Stats;

/// <summary>Marks that change when rows do, for whoever waits for news.</summary>
/// <param name="Failures">Another one where a failure came, or something was done about one.</param>
/// <param name="Mails">Another one where a worker read a mail.</param>
public sealed record Changes(string Failures, string Mails);

/// <summary>
/// Reads the marks, each off the end of an index. One reading serves everybody who asks within <see cref="Lifetime"/>. Throws what Npgsql
/// throws.
/// </summary>
public sealed class ChangeStore(NpgsqlDataSource dataSource, TimeProvider timeProvider)
{
    /// <summary>How old the marks may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly SharedReading<Changes> _last = new(timeProvider, Lifetime);

    /// <summary>The marks of now.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<Changes> FindAsync(CancellationToken cancellationToken = default) => _last.GetAsync(ReadAsync, cancellationToken);

    private async Task<Changes> ReadAsync()
    {
        // A failure is changed by an action, which is written with it; ids of failures sort by when they were made.
        await using var command = dataSource.CreateCommand("""
            SELECT (SELECT id FROM email.failures ORDER BY id DESC LIMIT 1) AS failure, (SELECT max(id) FROM email.failure_actions) AS action,
                (SELECT max(created_at) FROM email.mails) AS mail
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Changes(
            string.Create(CultureInfo.InvariantCulture, $"{reader.Get<Guid?>("failure"):N}-{reader.Get<long?>("action")}"),
            string.Create(CultureInfo.InvariantCulture, $"{reader.Get<DateTimeOffset?>("mail")?.UtcTicks}"));
    }
}
