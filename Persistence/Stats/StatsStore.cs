using Npgsql;
using Persistence.Failures;
using Persistence.Mails;

namespace Persistence.Stats;

/// <summary>Counts over the database. Throws what Npgsql throws.</summary>
public sealed class StatsStore(NpgsqlDataSource dataSource)
{
    /// <summary>How many mails are in each state, every state listed: the view <c>email.mails_by_state</c>.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyDictionary<MailState, long>> CountMailsAsync(CancellationToken cancellationToken = default) =>
        CountAsync<MailState>("SELECT state AS of, mails AS count FROM email.mails_by_state", cancellationToken);

    /// <summary>How many failures have each status, every status listed.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyDictionary<FailureStatus, long>> CountFailuresAsync(CancellationToken cancellationToken = default) =>
        CountAsync<FailureStatus>("SELECT status AS of, count(*) AS count FROM email.failures GROUP BY status", cancellationToken);

    private async Task<IReadOnlyDictionary<T, long>> CountAsync<T>(string sql, CancellationToken cancellationToken)
        where T : struct, Enum
    {
        var counts = Enum.GetValues<T>().ToDictionary(value => value, _ => 0L);
        await using var command = dataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            counts[reader.GetEnum<T>("of")] = reader.Get<long>("count");
        return counts;
    }
}
