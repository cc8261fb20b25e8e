using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Persistence.Alerts;
using Persistence.Clusters;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Idempotency;
using Persistence.Keys;
using Persistence.Ledger;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Pace;
using Persistence.Protection;
using Persistence.Retention;
using Persistence.Schema;
using Persistence.Stats;
using Persistence.Workers;

namespace Persistence;

/// <summary>Adds the database to a service.</summary>
public static class PersistenceServiceCollectionExtensions
{
    /// <summary>
    /// Adds the data source, the context's factory and the stores, all singletons. Opens no connection by itself. Where Postgres is
    /// say <see cref="DatabaseOptions"/>, which the caller configures.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="password">The password as it is now, where <see cref="DatabaseOptions.PasswordFile"/> names a file; null: as it is in the options.</param>
    public static IServiceCollection AddPersistence(this IServiceCollection services, Func<DatabaseOptions, string?>? password = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<DatabaseOptions>>().Value;
            return DataSources.Create(options, password is null ? null : () => password(options));
        });
        services.AddDbContextFactory<EmailDbContext>(
            (provider, builder) => builder.UseEmailSchema(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<MailStore>();
        services.AddSingleton<IMailStore>(provider => provider.GetRequiredService<MailStore>());
        services.AddSingleton<MailSearch>();
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<IdempotencyStore>();
        services.AddSingleton<KeyStore>();
        services.AddSingleton<HoldStore>();
        services.AddSingleton<FailureStore>();
        services.AddSingleton<FailureGroupStore>();
        services.AddSingleton<OperationStore>();
        services.AddSingleton<AlertStore>();
        services.AddSingleton<WorkerStore>();
        services.AddSingleton<QuotaStore>();
        services.AddSingleton<StatsStore>();
        services.AddSingleton<ActivityStore>();
        services.AddSingleton<ChangeStore>();
        services.AddSingleton<ProtectionKeyStore>();
        services.AddSingleton<LedgerStore>();
        services.AddSingleton<LedgerRunStore>();
        services.AddSingleton<DeletedRecordStore>();
        services.AddSingleton<RetentionStore>();
        services.AddSingleton<RemovedRecords>();
        services.AddSingleton<ClusterStore>();
        services.AddSingleton<SchemaCheck>();
        services.AddSingleton<WriteProbe>();
        services.AddSingleton(provider => new Migrator(
            provider.GetRequiredService<IOptions<DatabaseOptions>>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Migrator>>(), password));
        return services;
    }
}
