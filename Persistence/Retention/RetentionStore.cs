using Npgsql;

namespace Persistence.Retention;

/// <summary>What the retention job removes.</summary>
public enum OldRows
{
    /// <summary>Mails that have ended: sent, canceled or discarded.</summary>
    Mails,

    /// <summary>Failures that are resolved, discarded or replayed with success.</summary>
    Failures,

    /// <summary>Failures that nobody has decided about, with their dead mails.</summary>
    UnresolvedFailures,
}

/// <summary>Rows that were removed together.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Next">Where the sweep continues.</param>
public sealed record RemovedBatch(int Rows, DateTimeOffset Next);

/// <summary>
/// Removes old rows from the database, a batch a transaction, and remembers how far it has gone, so that the ledger does not call what was
/// removed missing. Throws what Npgsql throws.
/// </summary>
public sealed class RetentionStore(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// How much longer rows stay than asked for: timestamps of records are made by other clocks than that of Postgres, and every
    /// record of a removed mail must be older than the horizon.
    /// </summary>
    public static readonly TimeSpan ClockMargin = TimeSpan.FromHours(1);

    // Any number that nothing else in this database uses: the letters "retain".
    private const long LockKey = 0x72_65_74_61_69_6e;

    /// <summary>Removes one batch.</summary>
    /// <param name="what">Which rows.</param>
    /// <param name="horizon">Rows of before this time, less <see cref="ClockMargin"/>.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="from">
    /// Where the sweep continues, as its last batch returned it, so that old rows which stay are read once a sweep. Default: from the oldest.
    /// </param>
    /// <param name="cancellationToken">Gives up; nothing is removed then, or the whole batch.</param>
    /// <returns>What was removed; null where another process sweeps.</returns>
    public async Task<RemovedBatch?> RemoveAsync(
        OldRows what, DateTimeOffset horizon, int limit, DateTimeOffset from = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(RetentionSql.Lock, connection, transaction).With("key", LockKey))
        {
            if (await command.ExecuteScalarAsync(cancellationToken) is not true)
                return null;
        }

        await using var remove = new NpgsqlCommand(Sql(what), connection, transaction)
            .With("from", from).With("before", horizon - ClockMargin).With("limit", limit);
        var removed = await ReadAsync(remove, cancellationToken);
        if (removed.Rows == 0)
            return removed;
        await using (var move = new NpgsqlCommand(RetentionSql.Move, connection, transaction)
            .With("tables", Tables(what)).With("horizon", horizon).With("removed", (long)removed.Rows))
            await move.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return removed;
    }

    /// <summary>Removes workers that ended long ago, which each start leaves one of.</summary>
    /// <param name="endedFor">For how long their lease has been over.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were removed.</returns>
    public async Task<int> RemoveWorkersAsync(TimeSpan endedFor, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var command = dataSource.CreateCommand(RetentionSql.Workers).With("ended_for", endedFor).With("limit", limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Removes the sets of operations that ended long ago. The operations stay, with their numbers.</summary>
    /// <param name="horizon">Of operations that ended before this time.</param>
    /// <param name="limit">How many items at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many items were removed.</returns>
    public async Task<int> RemoveOperationItemsAsync(DateTimeOffset horizon, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var command = dataSource.CreateCommand(RetentionSql.OperationItems).With("before", horizon - ClockMargin).With("limit", limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<RemovedBatch> ReadAsync(NpgsqlCommand remove, CancellationToken cancellationToken)
    {
        await using var reader = await remove.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new RemovedBatch(checked((int)reader.Get<long>("rows")), reader.Get<DateTimeOffset?>("next") ?? default);
    }

    private static string Sql(OldRows what) => what switch
    {
        OldRows.Mails => RetentionSql.Mails,
        OldRows.Failures => RetentionSql.Failures,
        _ => RetentionSql.UnresolvedFailures,
    };

    private static string[] Tables(OldRows what) => what switch
    {
        OldRows.Mails => ["mails"],
        OldRows.Failures => ["failures"],
        _ => ["mails", "failures"],
    };
}
