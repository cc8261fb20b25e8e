using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Persistence.Schema;

/// <summary>Brings the database to this build's schema.</summary>
public sealed class Migrator(
    IOptions<DatabaseOptions> options, TimeProvider timeProvider, ILogger<Migrator> logger, Func<DatabaseOptions, string?>? password = null)
{
    // Any number that nothing else in this database uses: the letters "email".
    private const long LockKey = 0x65_6d_61_69_6c;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Building an index of a large table takes its time, and a half-way stop is rolled back.
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromHours(1);

    /// <summary>
    /// Applies the migrations that are missing; where none is, it only reads. Nothing is prepared, and the server's own timeouts are off. Safe when several do it at once: one works, the others wait and find
    /// nothing left. Waits for the database as long as it is allowed to.
    /// </summary>
    /// <param name="wait">How long to wait for the database to respond.</param>
    /// <param name="cancellationToken">Gives up; what one migration began is rolled back then.</param>
    /// <returns>The migrations that were applied, in order.</returns>
    /// <exception cref="SchemaMismatchException">The database has migrations that this build does not know, and is too old for.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(TimeSpan wait, CancellationToken cancellationToken = default)
    {
        await using var dataSource = DataSources.CreateForMigration(options.Value, password is null ? null : () => password(options.Value));
        await using var connection = await ConnectAsync(dataSource, wait, cancellationToken);
        await DatabaseEncoding.RequireAsync(connection, cancellationToken);
        await using var context = CreateContext(dataSource);
        if ((await PendingAsync(dataSource, context, cancellationToken)).Count == 0)
        {
            logger.LogInformation("The database has this version's schema already, or a newer one that is compatible.");
            return [];
        }

        // Released with this transaction, however that ends. Taken by trying again and again: a statement that waits
        // would fail by its command timeout while another's long migration runs.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var timeouts = new NpgsqlCommand(MigrationTimeouts.TurnOff, connection, transaction))
            await timeouts.ExecuteNonQueryAsync(cancellationToken);
        while (!await TryLockAsync(connection, cancellationToken))
            await Task.Delay(Pause, timeProvider, cancellationToken);
        return await ApplyAsync(dataSource, context, cancellationToken);
    }

    private async Task<IReadOnlyList<string>> ApplyAsync(NpgsqlDataSource dataSource, EmailDbContext context, CancellationToken cancellationToken)
    {
        var pending = await PendingAsync(dataSource, context, cancellationToken);
        if (pending.Count == 0)
            return pending;
        logger.LogInformation(
            "Applying {Count} migrations, with the server's statement, lock and idle timeouts off: {Migrations}.", pending.Count, string.Join(", ", pending));
        context.Database.SetCommandTimeout(MigrationTimeout);
        await context.Database.MigrateAsync(cancellationToken);
        logger.LogInformation("Applied {Count} migrations.", pending.Count);
        return pending;
    }

    private static async Task<IReadOnlyList<string>> PendingAsync(NpgsqlDataSource dataSource, EmailDbContext context, CancellationToken cancellationToken)
    {
        var difference = await SchemaCheck.CompareAsync(dataSource, context, cancellationToken);
        // Of a newer version that leaves this one's as it is: an older service that starts again beside newer ones migrates nothing.
        return difference.Foreign.Count == 0 || difference.IsUsable
            ? difference.Missing
            : throw SchemaMismatchException.For(difference with { Missing = [] });
    }

    private static EmailDbContext CreateContext(NpgsqlDataSource dataSource)
    {
        var builder = new DbContextOptionsBuilder<EmailDbContext>();
        builder.UseEmailSchema(dataSource).AddInterceptors(new MigrationTimeouts());
        return new EmailDbContext(builder.Options);
    }

    private async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource dataSource, TimeSpan wait, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return await dataSource.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException exception) when (PostgresErrors.IsLoginRefused(exception))
            {
                await RequireTlsAsync(dataSource, cancellationToken);
                throw;
            }
            catch (Exception exception) when (PostgresErrors.IsUnavailable(exception) && timeProvider.GetElapsedTime(start) < wait)
            {
                logger.LogInformation("Waiting for Postgres: {Cause}", PostgresErrors.Explain(exception));
                await Task.Delay(Pause, timeProvider, cancellationToken);
            }
        }
    }

    /// <summary>
    /// With <c>SSL Mode=Prefer</c> a login that TLS refuses is tried once more without, and what that says (no entry of pg_hba.conf) hides the
    /// reason: asked with TLS alone, the server says it. Returns where it has nothing else to say.
    /// </summary>
    private static async Task RequireTlsAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        if (settings.SslMode != SslMode.Prefer)
            return;
        settings.SslMode = SslMode.Require;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
        }
        catch (NpgsqlException exception) when (exception is not PostgresException)
        {
            // The server has no TLS: what it said before is all.
        }
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(@key)", connection).With("key", LockKey);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
