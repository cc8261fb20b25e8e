using Npgsql;
using Persistence.Failures;
using Persistence.Mails;

namespace Persistence.Stats;

/// <summary>
/// Counts over the database. Each reads a whole table, so a count serves everybody who asks within <see cref="Lifetime"/>, and those who
/// ask at once share one. Throws what Npgsql throws.
/// </summary>
public sealed class StatsStore(NpgsqlDataSource dataSource, TimeProvider timeProvider)
{
    /// <summary>How old a count may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    private readonly SharedReading<IReadOnlyDictionary<MailState, long>> _mails = new(timeProvider, Lifetime);
    private readonly SharedReading<IReadOnlyDictionary<FailureStatus, long>> _failures = new(timeProvider, Lifetime);

    /// <summary>How many mails are in each state, every state listed.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyDictionary<MailState, long>> CountMailsAsync(CancellationToken cancellationToken = default) =>
        _mails.GetAsync(
            () => CountAsync<MailState>("SELECT state AS of, count(*) AS count FROM email.mails GROUP BY state"), cancellationToken);

    /// <summary>How many failures have each status, every status listed.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyDictionary<FailureStatus, long>> CountFailuresAsync(CancellationToken cancellationToken = default) =>
        _failures.GetAsync(
            () => CountAsync<FailureStatus>("SELECT status AS of, count(*) AS count FROM email.failures GROUP BY status"), cancellationToken);

    /// <summary>
    /// When the mail was accepted, or due, that has waited longest to be sent; null where none waits. Mails that no worker has read yet are
    /// not among them.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DateTimeOffset?> FindOldestUnsentAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("""
            SELECT min(coalesce(scheduled_at, record_timestamp, created_at)) FROM email.mails
            WHERE state IN ('queued', 'sending') OR state = 'scheduled' AND scheduled_at < now()
            """);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime oldest ? new DateTimeOffset(oldest) : null;
    }

    private async Task<IReadOnlyDictionary<T, long>> CountAsync<T>(string sql)
        where T : struct, Enum
    {
        var counts = Enum.GetValues<T>().ToDictionary(value => value, _ => 0L);
        await using var command = dataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            counts[reader.GetEnum<T>("of")] = reader.Get<long>("count");
        return counts;
    }
}
