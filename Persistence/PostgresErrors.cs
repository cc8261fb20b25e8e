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
        // Npgsql wraps what it meets but for one thing: a new pool whose first connection takes too long throws the timeout itself.
        TimeoutException { Source: "Npgsql" } => true,
        _ => IsUnavailable(exception.InnerException),
    };

    /// <summary>Whether Postgres refused the very values that were given: trying again does not help.</summary>
    /// <param name="exception">What was thrown.</param>
    public static bool IsOwn(Exception exception) => exception is PostgresException postgres && IsOfOneMail(postgres.SqlState);

    /// <summary>
    /// Whether another transaction locked a row for too long, or in another order: nothing was changed, and trying again helps.
    /// </summary>
    /// <param name="exception">What was thrown.</param>
    public static bool IsContention(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
    };

    /// <summary>Whether the same may be done later: Postgres cannot do its work, or others are in the way.</summary>
    /// <param name="exception">What was thrown.</param>
    public static bool IsPassing(Exception exception) => IsUnavailable(exception) || IsContention(exception);

    /// <summary>
    /// What an error means for whoever runs this system, where the server's words do not say what to do; else those words. One line.
    /// </summary>
    /// <param name="exception">What was thrown.</param>
    public static string Explain(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception switch
        {
            PostgresException postgres => $"{postgres.SqlState}: {OneLine(postgres.MessageText)}{Fix(postgres.SqlState)}",
            NpgsqlException { InnerException: { } inner } npgsql when inner is not PostgresException => OneLine($"{npgsql.Message} ({inner.Message})"),
            { InnerException: PostgresException inner } => Explain(inner),
            _ => OneLine(exception.Message),
        };
    }

    private static string Fix(string sqlState) => sqlState switch
    {
        // https://www.pgbouncer.org/faq.html: transaction pooling gives each transaction another connection of the server's.
        PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.InvalidSqlStatementName =>
            ". A pooler in transaction mode stands in between and does not know prepared statements, as PgBouncer before 1.21 does not: "
            + "set Database:MaxPreparedStatements to 0 (in a connection string: Max Auto Prepare=0), or use PgBouncer 1.21 or later with max_prepared_statements above 0",
        PostgresErrorCodes.InvalidPassword => ". The password in Database:ConnectionString is not the user's",
        PostgresErrorCodes.InvalidCatalogName => ". Create the database: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        PostgresErrorCodes.InsufficientPrivilege => ". The user in Database:ConnectionString lacks this right; 'migrate' needs the rights to create schema email and what is in it",
        PostgresErrorCodes.ReadOnlySqlTransaction => ". This server is a standby: name all hosts in Database:ConnectionString, with Target Session Attributes=primary",
        _ => "",
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.');

    /// <summary>Whether Postgres refuses the login or the database, which waiting does not fix.</summary>
    /// <param name="exception">What was thrown.</param>
    internal static bool IsLoginRefused(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidCatalogName
    };

    /// <summary>Whether a row is locked by another transaction, or exists already: nothing was changed, and a statement that expects that succeeds.</summary>
    /// <param name="exception">What was thrown.</param>
    internal static bool IsTaken(Exception exception) =>
        IsContention(exception) || exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    private static bool IsOfOneMail(string sqlState) => OwnClasses.Contains(sqlState[..Math.Min(2, sqlState.Length)]);

    private static bool IsConnection(Exception? inner) =>
        inner is IOException or TimeoutException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException;
}
