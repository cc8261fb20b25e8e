using Npgsql;

namespace Persistence;

/// <summary>Tells whether an exception of the database is about one mail, or about Postgres.</summary>
public static class PostgresErrors
{
    /// <summary>Classes of SQLSTATE (its first two characters) that any other mail would meet as well.</summary>
    private static readonly HashSet<string> UnavailableClasses = new(StringComparer.Ordinal)
    {
        "08", // the connection failed
        "28", // the login was refused, as with a password that has expired
        "3D", // no such database
        "3F", // no such schema: not migrated yet
        "53", // out of connections, memory or disk
        "58", // an input or output error of the server's machine
    };

    private static readonly HashSet<string> UnavailableStates = new(StringComparer.Ordinal)
    {
        PostgresErrorCodes.AdminShutdown,
        PostgresErrorCodes.CrashShutdown,
        PostgresErrorCodes.CannotConnectNow,
        PostgresErrorCodes.DatabaseDropped,
        PostgresErrorCodes.ReadOnlySqlTransaction, // a standby, or one that was just demoted
        PostgresErrorCodes.UndefinedTable, // not migrated yet, or wiped
        PostgresErrorCodes.InsufficientPrivilege,
    };

    /// <summary>
    /// Whether Postgres cannot do its work for any mail: down, starting, shutting down, unreachable, out of connections,
    /// refusing the login, or without its schema. Such an error means dependency unavailable: the circuit opens, and no mail fails.
    /// </summary>
    /// <param name="exception">What was thrown, or what wraps it.</param>
    public static bool IsUnavailable(Exception? exception) => exception switch
    {
        null => false,
        PostgresException postgres => SaysUnavailable(postgres.SqlState),
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

    private static bool SaysUnavailable(string sqlState) =>
        UnavailableStates.Contains(sqlState) || UnavailableClasses.Contains(sqlState[..Math.Min(2, sqlState.Length)]);

    private static bool IsConnection(Exception? inner) =>
        inner is IOException or TimeoutException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException;
}
