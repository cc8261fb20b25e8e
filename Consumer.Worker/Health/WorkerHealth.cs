using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServiceDefaults.Database;
using ServiceDefaults.Health;

namespace Consumer.Worker.Health;

internal static class WorkerHealth
{
    private static readonly TimeSpan PostgresTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The health of what the worker depends on; the rider adds Kafka's.</summary>
    public static IServiceCollection AddWorkerHealth(this IServiceCollection services)
    {
        services.AddPostgresHealth(HealthStatus.Unhealthy, "Mails wait unharmed. Check Database:ConnectionString and the server.", _ => PostgresTimeout, writes: true);
        // How many relays there are is known once the options are.
        services.AddHealthChecks();
        services.AddOptions<HealthCheckServiceOptions>().Configure<SmtpRelays, RecipientRules>((health, relays, rules) =>
        {
            foreach (var relay in relays.All)
                health.Registrations.Add(new HealthCheckRegistration(relay == relays.Default ? "smtp" : $"smtp:{relay.Name}", new SmtpHealthCheck(relay, rules), null, null));
        });
        return services;
    }
}

/// <summary>
/// Whether a relay let the worker in when it was last asked, and how fast it takes mails; a check of readiness opens no connection
/// of its own. A worker that is slowed is ready, and says so; one that has taken nothing for <see cref="RelayOptions.ThrottlePatience"/> is not.
/// </summary>
internal sealed class SmtpHealthCheck(SmtpRelay relay, RecipientRules rules) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = rules.Note is { } note ? new Dictionary<string, object> { [DependencyReport.Note] = note } : null;
        if (relay.Availability.Current is { } outage)
            return Task.FromResult(HealthCheckResult.Unhealthy($"{Title} has been unavailable since {outage.Since:O}; mails wait unharmed. {outage.Reason}"));
        var status = relay.Pace.Status;
        return Task.FromResult((status.Text, status.Lasts) switch
        {
            (null, _) => HealthCheckResult.Healthy(data: data),
            (var slowed, false) => HealthCheckResult.Degraded(slowed, data: data),
            (var throttled, true) => HealthCheckResult.Unhealthy(throttled),
        });
    }

    private string Title => $"{char.ToUpperInvariant(relay.Options.Title[0])}{relay.Options.Title[1..]}";
}
