using Npgsql;

namespace Persistence.Stats;

/// <summary>What became of mails in one minute.</summary>
/// <param name="At">The minute's beginning.</param>
/// <param name="Read">Mails that a worker read first in it.</param>
/// <param name="Sent">Mails that were sent in it.</param>
/// <param name="Dead">Failures of it.</param>
public sealed record ActivityMinute(DateTimeOffset At, long Read, long Sent, long Dead);

/// <summary>
/// Counts by the minute, for the chart of an hour. It reads the rows of the mails that were first read in that hour, by an index, so one
/// reading serves everybody who asks within <see cref="Lifetime"/>. Throws what Npgsql throws.
/// </summary>
public sealed class ActivityStore(NpgsqlDataSource dataSource, TimeProvider timeProvider)
{
    /// <summary>How many minutes are counted, the present one among them.</summary>
    public const int Minutes = 60;

    /// <summary>How old the counts may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private readonly SharedReading<IReadOnlyList<ActivityMinute>> _last = new(timeProvider, Lifetime);

    /// <summary>The last hour by the minute, the oldest first, minutes without mails among them. Mails that were read before the hour and sent in it are not counted.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyList<ActivityMinute>> ListAsync(CancellationToken cancellationToken = default) => _last.GetAsync(ReadAsync, cancellationToken);

    private async Task<IReadOnlyList<ActivityMinute>> ReadAsync()
    {
        await using var command = dataSource.CreateCommand("""
            WITH hour AS (SELECT date_trunc('minute', now()) - (@minutes - 1) * interval '1 minute' AS since),
            mails AS (SELECT m.created_at, m.sent_at FROM email.mails AS m, hour WHERE m.created_at >= hour.since)
            SELECT g.at, coalesce(r.count, 0) AS read, coalesce(s.count, 0) AS sent, coalesce(d.count, 0) AS dead
            FROM hour, generate_series(hour.since, date_trunc('minute', now()), interval '1 minute') AS g (at)
            LEFT JOIN (SELECT date_trunc('minute', created_at) AS at, count(*) AS count FROM mails GROUP BY 1) AS r ON r.at = g.at
            LEFT JOIN (SELECT date_trunc('minute', sent_at) AS at, count(*) AS count FROM mails WHERE sent_at IS NOT NULL GROUP BY 1) AS s ON s.at = g.at
            LEFT JOIN (
                SELECT date_trunc('minute', f.failed_at) AS at, count(*) AS count FROM email.failures AS f, hour WHERE f.failed_at >= hour.since GROUP BY 1) AS d ON d.at = g.at
            ORDER BY g.at
            """)
            .With("minutes", Minutes);
        await using var reader = await command.ExecuteReaderAsync();
        var minutes = new List<ActivityMinute>();
        while (await reader.ReadAsync())
            minutes.Add(new ActivityMinute(reader.Get<DateTimeOffset>("at"), reader.Get<long>("read"), reader.Get<long>("sent"), reader.Get<long>("dead")));
        return minutes;
    }
}
