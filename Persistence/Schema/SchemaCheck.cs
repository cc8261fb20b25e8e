using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Schema;

/// <summary>How the database's schema compares with this build's.</summary>
/// <param name="Missing">Migrations of this build that were not applied.</param>
/// <param name="Foreign">Applied migrations that this build does not know.</param>
/// <param name="IsCompatible">Whether those leave what this build uses as it is, as the database says.</param>
public sealed record SchemaDifference(IReadOnlyList<string> Missing, IReadOnlyList<string> Foreign, bool IsCompatible = false)
{
    /// <summary>Whether this build works with the database: the schema is its own, or a newer one that is compatible.</summary>
    public bool IsUsable => Missing.Count == 0 && (Foreign.Count == 0 || IsCompatible);
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
            $"The database has {Names(difference.Foreign)}, of a newer or another version that this one is too old for{lacks}. Start the version that belongs to it.");
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
        return await CompareAsync(dataSource, context, cancellationToken);
    }

    /// <summary>As the other, without a look at the encoding.</summary>
    internal static async Task<SchemaDifference> CompareAsync(NpgsqlDataSource dataSource, EmailDbContext context, CancellationToken cancellationToken)
    {
        var own = context.Database.GetMigrations().ToList();
        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken)).ToList();
        var difference = new SchemaDifference([.. own.Except(applied)], [.. applied.Except(own)]);
        // Where one of its own is missing the table that says so may be, too.
        return difference is { Missing.Count: 0, Foreign.Count: > 0 }
            ? difference with { IsCompatible = await IsCompatibleAsync(dataSource, own[^1], cancellationToken) }
            : difference;
    }

    /// <summary>
    /// A migration that takes something away, or changes its meaning, writes its own name as the oldest that works with it; one that only
    /// adds leaves that as it is. Names of migrations begin with their time, and so sort by it.
    /// </summary>
    private static async Task<bool> IsCompatibleAsync(NpgsqlDataSource dataSource, string newest, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT compatible_from FROM email.schema_compatibility");
        return await command.ExecuteScalarAsync(cancellationToken) is string from && string.CompareOrdinal(newest, from) >= 0;
    }
}
