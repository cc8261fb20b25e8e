using Messaging.Kafka.Inspection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using Persistence;
using Persistence.Clusters;
using Persistence.Schema;
using ServiceDefaults.Configuration;
using ServiceDefaults.Kafka;

namespace ServiceDefaults.Database;

/// <summary>Adds the database to a service.</summary>
public static class DatabaseRegistration
{
    /// <summary>Adds the stores, by section <c>Database</c>.</summary>
    public static IServiceCollection AddDatabase(this IServiceCollection services) =>
        services.AddSection<DatabaseOptions>(DatabaseOptions.Section).AddPersistence(options => SecretFile.Current(options.Password, options.PasswordFile));

    /// <summary>
    /// Checks when the service starts, before those that are added after it, that the database has this build's schema. With another
    /// one the service stops and says what to do; without an answer it starts, and stops once it has one that is wrong.
    /// </summary>
    public static IServiceCollection AddSchemaGuard(this IServiceCollection services) => services.AddHostedService<SchemaGuard>();

    /// <summary>Adds what keeps a copy of the database from sending, and the health check <c>cluster</c>.</summary>
    public static IServiceCollection AddClusterGuard(this IServiceCollection services)
    {
        services.AddKafkaInspection().AddSingleton(provider => new ClusterGuard(
            provider.GetRequiredService<ClusterStore>(), provider.GetRequiredService<KafkaInspector>().ClusterIdAsync,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ClusterGuard>>()));
        services.AddHealthChecks().AddCheck<ClusterHealthCheck>("cluster");
        return services;
    }

    /// <summary>Adds the health check <c>postgres</c>.</summary>
    /// <param name="services">The services, with <see cref="AddDatabase"/>.</param>
    /// <param name="without">How the service is without Postgres.</param>
    /// <param name="consequence">What that means, as a sentence for whoever reads the report.</param>
    /// <param name="timeout">How long Postgres may take to respond.</param>
    /// <param name="writes">Whether the service is well only where Postgres takes writes.</param>
    public static IServiceCollection AddPostgresHealth(
        this IServiceCollection services, HealthStatus without, string consequence, Func<IServiceProvider, TimeSpan> timeout, bool writes = false)
    {
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            "postgres",
            provider => new PostgresHealthCheck(Probe(provider, writes), provider.GetRequiredService<TimeProvider>(), timeout(provider), consequence),
            without,
            tags: null));
        return services;
    }

    private static Func<CancellationToken, Task> Probe(IServiceProvider services, bool writes) => writes
        ? services.GetRequiredService<WriteProbe>().RunAsync
        : cancellationToken => ReadAsync(services.GetRequiredService<NpgsqlDataSource>(), cancellationToken);

    private static async Task ReadAsync(NpgsqlDataSource postgres, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand("SELECT 1");
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
