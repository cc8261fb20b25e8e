using Npgsql;

namespace Persistence.Pace;

/// <summary>
/// What is used of the quotas of an hour or a day, by all workers and over their restarts. Table <c>email.pace_quotas</c>. Mails are
/// counted by parts of the window, and a part counts until all of it lies outside: at most the quota goes in any window, at times a part's
/// worth less. Throws what Npgsql throws.
/// </summary>
public sealed class QuotaStore(NpgsqlDataSource dataSource)
{
    private const int Parts = 48;

    // One at a time: two that read the same sum would both use what is left. The lock is the transaction's.
    private const string Turn = "SELECT pg_advisory_xact_lock(hashtextextended('email.pace_quotas', 0))";

    // A mail counts from a little later on than it is taken: until then it is sent, or never.
    private const string Use = """
        WITH removed AS (DELETE FROM email.pace_quotas WHERE window_length = @window AND part_end <= clock_timestamp() - @window),
        used AS (
            SELECT coalesce(sum(mails), 0)::int AS mails FROM email.pace_quotas
            WHERE window_length = @window AND part_end > clock_timestamp() - @window),
        granted AS (
            SELECT least(@wanted, @limit - used.mails) AS mails FROM used)
        INSERT INTO email.pace_quotas AS q (window_length, part_end, mails)
        SELECT @window, date_bin(@part, clock_timestamp() + @longest, timestamptz '2000-01-01 00:00:00+00') + @part, granted.mails FROM granted WHERE granted.mails > 0
        ON CONFLICT (window_length, part_end) DO UPDATE SET mails = q.mails + excluded.mails
        RETURNING (SELECT mails FROM granted)
        """;

    /// <summary>How long what was taken may be in hand before it is sent; after that it is not to be sent any more.</summary>
    public static readonly TimeSpan LongestInHand = TimeSpan.FromSeconds(10);

    /// <summary>Uses some of a quota.</summary>
    /// <param name="window">In how long.</param>
    /// <param name="limit">How many mails in all.</param>
    /// <param name="wanted">How many of them now, at most.</param>
    /// <param name="cancellationToken">Gives up; what was asked for may count as used.</param>
    /// <returns>How many may go; 0 where all is used.</returns>
    public async Task<int> UseAsync(TimeSpan window, int limit, int wanted, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // A statement of its own: the next one's snapshot is then taken with the lock in hand.
        await using (var turn = new NpgsqlCommand(Turn, connection, transaction))
            await turn.ExecuteNonQueryAsync(cancellationToken);
        await using var use = new NpgsqlCommand(Use, connection, transaction)
            .With("window", window).With("part", window / Parts).With("limit", limit).With("wanted", wanted).With("longest", LongestInHand);
        var granted = (int?)await use.ExecuteScalarAsync(cancellationToken) ?? 0;
        await transaction.CommitAsync(cancellationToken);
        return granted;
    }
}
