using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Schema;

/// <summary>How the database's schema compares with this build's.</summary>
/// <param name="Missing">Migrations of this build that were not applied.</param>
/// <param name="Foreign">Applied migrations that this build does not know.</param>
public sealed record SchemaDifference(IReadOnlyList<string> Missing, IReadOnlyList<string> Foreign)
{
    /// <summary>Whether they are the same.</summary>
    public bool IsNone => Missing.Count == 0 && Foreign.Count == 0;
}

/// <summary>The database has another schema than this build: its message says which, and how to fix it.</summary>
public sealed class SchemaMismatchException(string message) : Exception(message)
{
    /// <summary>The exception for a difference.</summary>
    public static SchemaMismatchException For(SchemaDifference difference)
    {
        if (difference.Foreign.Count == 0)
        {
            return new SchemaMismatchException(
                $"The database lacks {Names(difference.Missing)}. Run 'Consumer.Worker migrate' of this version, then start again.");
        }
        var lacks = difference.Missing.Count == 0 ? "" : $" and lacks {Names(difference.Missing)}";
        return new SchemaMismatchException(
            $"The database has {Names(difference.Foreign)}, of a newer or another version{lacks}. Start the version that belongs to it.");
    }

    private static string Names(IReadOnlyList<string> migrations) =>
        $"{migrations.Count} migration{(migrations.Count == 1 ? "" : "s")} ({string.Join(", ", migrations)})";
}

/// <summary>Compares the migrations that were applied with those compiled in.</summary>
public sealed class SchemaCheck(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts)
{
    /// <summary>Compares them. Throws what Npgsql throws where the database cannot be asked.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SchemaMismatchException">The database's encoding is not UTF8.</exception>
    public async Task<SchemaDifference> CompareAsync(CancellationToken cancellationToken = default)
    {
        await using (var connection = await dataSource.OpenConnectionAsync(cancellationToken))
            await DatabaseEncoding.RequireAsync(connection, cancellationToken);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var own = context.Database.GetMigrations().ToList();
        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken)).ToList();
        return new SchemaDifference([.. own.Except(applied)], [.. applied.Except(own)]);
    }
}
