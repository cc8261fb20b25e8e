using ServiceDefaults.Configuration;

namespace Consumer.Worker.Retention;

internal static class RetentionServices
{
    /// <summary>The removal of old rows.</summary>
    public static IServiceCollection AddRetention(this IServiceCollection services) => services
        .AddSection<RetentionOptions>(RetentionOptions.Section)
        .AddSingleton<RemovedRecordFilter>()
        .AddHostedService<RetentionJob>();
}
