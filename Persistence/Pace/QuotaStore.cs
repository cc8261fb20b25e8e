using Npgsql;

namespace Persistence.Pace;

/// <summary>
/// What is used of the quotas of an hour or a day, by all workers and over their restarts. Tables <c>email.pace_quotas</c> and <c>email.relay_quotas</c>. Mails are
/// counted by parts of the window, and a part counts until all of it lies outside: at most the quota goes in any window, at times a part's
/// worth less. Throws what Npgsql throws.
/// </summary>
public sealed class QuotaStore(NpgsqlDataSource dataSource)
{
    private const int Parts = 48;

    /// <summary>The relay whose quotas are in <c>email.pace_quotas</c>, where they were when there was no other.</summary>
    public const string DefaultRelay = "default";

    // One at a time: two that read the same sum would both use what is left. The lock is the transaction's.
    private const string Turn = "SELECT pg_advisory_xact_lock(hashtextextended(@name, 0))";

    private static readonly string UseDefault = Use("email.pace_quotas", "", "", "");
    private static readonly string UseNamed = Use("email.relay_quotas", "relay, ", "@relay, ", "relay = @relay AND ");

    /// <summary>How long what was taken may be in hand before it is sent; after that it is not to be sent any more.</summary>
    public static readonly TimeSpan LongestInHand = TimeSpan.FromSeconds(10);

    /// <summary>Uses some of a quota.</summary>
    /// <param name="relay">The relay, in lower case.</param>
    /// <param name="window">In how long.</param>
    /// <param name="limit">How many mails in all.</param>
    /// <param name="wanted">How many of them now, at most.</param>
    /// <param name="cancellationToken">Gives up; what was asked for may count as used.</param>
    /// <returns>How many may go; 0 where all is used.</returns>
    public async Task<int> UseAsync(string relay, TimeSpan window, int limit, int wanted, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isDefault = relay == DefaultRelay;
        // A statement of its own: the next one's snapshot is then taken with the lock in hand.
        await using (var turn = new NpgsqlCommand(Turn, connection, transaction).With("name", isDefault ? "email.pace_quotas" : $"email.relay_quotas {relay}"))
            await turn.ExecuteNonQueryAsync(cancellationToken);
        await using var use = new NpgsqlCommand(isDefault ? UseDefault : UseNamed, connection, transaction)
            .With("window", window).With("part", window / Parts).With("limit", limit).With("wanted", wanted).With("longest", LongestInHand);
        if (!isDefault)
            use.With("relay", relay);
        var granted = (int?)await use.ExecuteScalarAsync(cancellationToken) ?? 0;
        await transaction.CommitAsync(cancellationToken);
        return granted;
    }

    // A mail counts from a little later on than it is taken: until then it is sent, or never.
    private static string Use(string table, string column, string value, string own) => $"""
        WITH removed AS (DELETE FROM {table} WHERE {own}window_length = @window AND part_end <= clock_timestamp() - @window),
        used AS (
            SELECT coalesce(sum(mails), 0)::int AS mails FROM {table}
            WHERE {own}window_length = @window AND part_end > clock_timestamp() - @window),
        granted AS (
            SELECT least(@wanted, @limit - used.mails) AS mails FROM used)
        INSERT INTO {table} AS q ({column}window_length, part_end, mails)
        SELECT {value}@window, date_bin(@part, clock_timestamp() + @longest, timestamptz '2000-01-01 00:00:00+00') + @part, granted.mails FROM granted WHERE granted.mails > 0
        ON CONFLICT ({column}window_length, part_end) DO UPDATE SET mails = q.mails + excluded.mails
        RETURNING (SELECT mails FROM granted)
        """;
}
