using Npgsql;

namespace Persistence.Schema;

/// <summary>
/// Finds out whether Postgres takes what a worker writes, by a write that is rolled back: a standby, a full disk or a locked table
/// answers a <c>SELECT 1</c> like any other.
/// </summary>
public sealed class WriteProbe(NpgsqlDataSource dataSource)
{
    // The lock is the one that claims and outcomes take; a table that is locked away from them is noticed within a second.
    private const string Write = """
        SET LOCAL lock_timeout = '1s';
        LOCK TABLE email.mails, email.mail_recipients, email.failures IN ROW EXCLUSIVE MODE;
        INSERT INTO email.workers (id, name, started_at, heartbeat_at, lease_until) VALUES (gen_random_uuid(), 'probe', now(), now(), now());
        """;

    /// <summary>Completes where Postgres takes writes; throws what Npgsql throws otherwise.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Write, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
            await transaction.RollbackAsync(cancellationToken);
        }
        catch (PostgresException exception) when (IsOfAnotherRole(exception))
        {
            // After a failover behind one name the pool would give out its connections to the old, now read-only server without end.
            dataSource.Clear();
            throw;
        }
    }

    private static bool IsOfAnotherRole(PostgresException exception) => exception.SqlState is
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow;
}
