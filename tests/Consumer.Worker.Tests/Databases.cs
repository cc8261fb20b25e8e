using Microsoft.Extensions.DependencyInjection;
using Persistence;
using Persistence.Schema;
using Testing;

namespace Consumer.Worker.Tests;

/// <summary>Databases with this build's schema.</summary>
internal static class Databases
{
    /// <summary>Brings an empty database to the schema.</summary>
    public static async Task MigrateAsync(string connectionString)
    {
        await using var services = new ServiceCollection().AddLogging()
            .Configure<DatabaseOptions>(options => options.ConnectionString = connectionString).AddPersistence().BuildServiceProvider();
        await services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
    }
}
