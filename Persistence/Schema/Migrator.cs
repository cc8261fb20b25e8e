using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Persistence.Schema;

/// <summary>Brings the database to this build's schema.</summary>
public sealed class Migrator(
    NpgsqlDataSource dataSource,
    IDbContextFactory<EmailDbContext> contexts,
    TimeProvider timeProvider,
    ILogger<Migrator> logger)
{
    // Any number that nothing else in this database uses: the letters "email".
    private const long LockKey = 0x65_6d_61_69_6c;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Building an index of a large table takes its time, and a half-way stop is rolled back.
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromHours(1);

    /// <summary>
    /// Applies the migrations that are missing. Safe when several do it at once: one works, the others wait and find
    /// nothing left. Waits for the database as long as it is allowed to.
    /// </summary>
    /// <param name="wait">How long to wait for the database to respond.</param>
    /// <param name="cancellationToken">Gives up; what one migration began is rolled back then.</param>
    /// <returns>The migrations that were applied, in order.</returns>
    /// <exception cref="SchemaMismatchException">The database has migrations that this build does not know.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(TimeSpan wait, CancellationToken cancellationToken = default)
    {
        await using var connection = await ConnectAsync(wait, cancellationToken);
        // Released with this transaction, however that ends. Taken by trying again and again: a statement that waits
        // would fail by its command time-out while another's long migration runs.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        while (!await TryLockAsync(connection, cancellationToken))
            await Task.Delay(Pause, timeProvider, cancellationToken);
        return await ApplyAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        context.Database.SetCommandTimeout(MigrationTimeout);
        var applied = await context.Database.GetAppliedMigrationsAsync(cancellationToken);
        var foreign = applied.Except(context.Database.GetMigrations()).ToList();
        if (foreign.Count > 0)
            throw SchemaMismatchException.For(new SchemaDifference([], foreign));
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        await context.Database.MigrateAsync(cancellationToken);
        if (pending.Count == 0)
            logger.LogInformation("The database has this version's schema already.");
        else
            logger.LogInformation("Applied {Count} migrations: {Migrations}.", pending.Count, string.Join(", ", pending));
        return pending;
    }

    private async Task<NpgsqlConnection> ConnectAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return await dataSource.OpenConnectionAsync(cancellationToken);
            }
            catch (Exception exception) when (PostgresErrors.IsUnavailable(exception) && timeProvider.GetElapsedTime(start) < wait)
            {
                logger.LogInformation("Waiting for Postgres: {Cause}", exception.Message);
                await Task.Delay(Pause, timeProvider, cancellationToken);
            }
        }
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(@key)", connection).With("key", LockKey);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
