using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Persistence.Mails;
using Persistence.Failures;
using Persistence.Ledger;
using Persistence.Retention;
using Persistence.Schema;
using Persistence.Stats;
using Persistence.Workers;

namespace Persistence;

/// <summary>Adds the database to a service.</summary>
public static class PersistenceServiceCollectionExtensions
{
    /// <summary>
    /// Adds the data source, the context's factory and the stores, all singletons, bound to section <c>Database</c>, which
    /// is validated at the start. Opens no connection by itself.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The whole configuration.</param>
    public static IServiceCollection AddPersistence(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DatabaseOptions>().Bind(configuration.GetSection(DatabaseOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DatabaseOptions>, DatabaseOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => DataSources.Create(provider.GetRequiredService<IOptions<DatabaseOptions>>().Value));
        services.AddDbContextFactory<EmailDbContext>(
            (provider, builder) => builder.UseEmailSchema(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<MailStore>();
        services.AddSingleton<IMailStore>(provider => provider.GetRequiredService<MailStore>());
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<FailureStore>();
        services.AddSingleton<WorkerStore>();
        services.AddSingleton<StatsStore>();
        services.AddSingleton<LedgerStore>();
        services.AddSingleton<RetentionStore>();
        services.AddSingleton<SchemaCheck>();
        services.AddSingleton<Migrator>();
        return services;
    }

    /// <summary>
    /// Checks when the service starts, before those that are added after it, that the database has this build's schema.
    /// With another one the service stops and says what to do.
    /// </summary>
    /// <param name="services">The services, with <see cref="AddPersistence"/>.</param>
    /// <param name="unreachable">What to do while the database cannot be reached.</param>
    public static IServiceCollection AddSchemaGuard(this IServiceCollection services, WhenUnreachable unreachable) =>
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<SchemaGuard>(provider, unreachable));
}
