using Microsoft.Extensions.Options;
using Persistence.Alerts;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Alerts;

internal static class AlertServices
{
    /// <summary>What tells people of failures: the plan, and for each channel what posts to it.</summary>
    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddSection<AlertOptions>(AlertOptions.Section);
        services.AddHttpClient(HttpAlertChannel.HttpClientName)
            // The client's own log lines would hold the webhook's address, which is a secret.
            .RemoveAllLoggers()
            // Each try has its own time.
            .ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan)
            // A redirect would take the post, with its signature, to where nobody has sent it.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false });
        services.AddSingleton<AlertSource>();
        services.AddHostedService<AlertPlanner>();
        return services.AddChannel<SlackChannel>().AddChannel<TeamsChannel>().AddChannel<WebhookChannel>().AddChannel<AlertmanagerChannel>().AddChannel<EmailChannel>();
    }

    private static IServiceCollection AddChannel<T>(this IServiceCollection services)
        where T : class, IAlertChannel => services
        .AddSingleton<T>()
        .AddSingleton<IAlertChannel>(provider => provider.GetRequiredService<T>())
        // One for each channel, which AddHostedService would take for the same.
        .AddSingleton<IHostedService>(provider => new AlertSender(
            provider.GetRequiredService<T>(), provider.GetRequiredService<AlertStore>(), provider.GetRequiredService<IOptions<AlertOptions>>(),
            provider.GetRequiredService<WorkerMetrics>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AlertSender>>()));
}
