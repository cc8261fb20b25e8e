using Npgsql;

namespace Persistence;

/// <summary>Tells whether an exception of the database is about one mail, or about Postgres.</summary>
public static class PostgresErrors
{
    /// <summary>
    /// Classes of SQLSTATE (its first two characters, https://www.postgresql.org/docs/current/errcodes-appendix.html) that a row's own
    /// values lead to. The list is the short one on purpose: what is not in it (a timeout of the server's, a column that a migration
    /// has not added yet, a prepared statement that a pooler lost) would meet any other mail as well.
    /// </summary>
    private static readonly HashSet<string> OwnClasses = new(StringComparer.Ordinal)
    {
        "22", // a value that the column's type does not take
        "23", // a constraint
        "54", // larger than a row, an index entry or a statement may be
    };

    /// <summary>
    /// Whether Postgres cannot do its work for any mail: every error but those of a mail's own values, and those of
    /// <see cref="IsContention"/>. It means dependency unavailable: the circuit opens, and no mail fails.
    /// </summary>
    /// <param name="exception">What was thrown, or what wraps it.</param>
    public static bool IsUnavailable(Exception? exception) => exception switch
    {
        null => false,
        // Our own cancellation of a statement, which the server confirms.
        OperationCanceledException { InnerException: PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } } => false,
        PostgresException postgres => !IsContention(postgres) && !IsOfOneMail(postgres.SqlState),
        // Without a response of the server: no connection could be opened, broke, or the response did not come in time. The rest are
        // errors of ours (a command in use, a type that does not fit), which waiting does not fix.
        NpgsqlException npgsql => npgsql.IsTransient || IsUnavailable(npgsql.InnerException) || IsConnection(npgsql.InnerException),
        AggregateException aggregate => aggregate.InnerExceptions.Any(IsUnavailable),
        _ => IsUnavailable(exception.InnerException),
    };

    /// <summary>
    /// Whether another transaction locked a row for too long, or in another order: nothing was changed, and trying again helps.
    /// </summary>
    /// <param name="exception">What was thrown.</param>
    public static bool IsContention(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
    };

    /// <summary>Whether a row is locked by another transaction, or exists already: nothing was changed, and a statement that expects that succeeds.</summary>
    /// <param name="exception">What was thrown.</param>
    internal static bool IsTaken(Exception exception) =>
        IsContention(exception) || exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    private static bool IsOfOneMail(string sqlState) => OwnClasses.Contains(sqlState[..Math.Min(2, sqlState.Length)]);

    private static bool IsConnection(Exception? inner) =>
        inner is IOException or TimeoutException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException;
}
