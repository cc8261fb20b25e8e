namespace Persistence.Mails;

/// <summary>What the statements for many mails have in common.</summary>
internal static class BatchSql
{
    /// <summary>
    /// A WHERE clause that leaves nothing out. Evaluated before the first row is locked, it lets the statement wait for a row no longer
    /// than this: a lock on one (a transaction left open in psql) then delays that mail alone, which is found by writing
    /// each of the batch by itself. Ends with the transaction, which is this one statement.
    /// </summary>
    public const string LockTimeout = "WHERE (SELECT set_config('lock_timeout', '1s', true)) IS NOT NULL";

    /// <summary>
    /// As <see cref="LockTimeout"/>, but for statements that lock their rows in no order: they give up before they could make a deadlock,
    /// and leave the work to a statement that locks in order.
    /// </summary>
    public const string ShortLockTimeout = "WHERE (SELECT set_config('lock_timeout', '10ms', true)) IS NOT NULL";

    /// <summary>
    /// A limit that limits nothing, as <c>@all</c> is larger than any batch. Not knowing that, the planner expects few rows and looks
    /// each up by its index. It would otherwise read the whole table while that is small, and use that plan still as the table grows.
    /// </summary>
    public const string Few = "LIMIT @all";

    /// <summary>The value of <c>@all</c>.</summary>
    public const long All = long.MaxValue;
}
