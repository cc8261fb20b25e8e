using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Alerts;

internal static class AlertServices
{
    /// <summary>What tells people of dead letters.</summary>
    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddSection<AlertOptions>(AlertOptions.Section);
        services.AddHttpClient(SlackAlerts.HttpClientName)
            // The client's own log lines would hold the webhook's address, which is a secret.
            .RemoveAllLoggers()
            .ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan)
            .AddStandardResilienceHandler()
            .Configure((resilience, provider) =>
            {
                var options = provider.GetRequiredService<IOptions<AlertOptions>>().Value;
                resilience.TotalRequestTimeout.Timeout = options.PostTimeout;
                resilience.AttemptTimeout.Timeout = options.PostTimeout / 3;
                resilience.CircuitBreaker.SamplingDuration = options.PostTimeout;
            });
        services.AddSingleton<SlackAlerts>();
        services.AddSingleton<IAlertQueue>(provider => provider.GetRequiredService<SlackAlerts>());
        services.AddHostedService(provider => provider.GetRequiredService<SlackAlerts>());
        return services;
    }
}
