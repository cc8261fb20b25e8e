using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
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
        services.AddHealthChecks().AddCheck<SmtpHealthCheck>("smtp");
        return services;
    }
}

/// <summary>
/// Whether the mail server let the worker in when it was last asked, and how fast it takes mails; a check of readiness opens no connection
/// of its own. A worker that is slowed is ready, and says so; one that has taken nothing for <see cref="SmtpOptions.ThrottlePatience"/> is not.
/// </summary>
internal sealed class SmtpHealthCheck(SmtpAvailability availability, SmtpPace pace, RecipientRules rules) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = rules.Note is { } note ? new Dictionary<string, object> { [DependencyReport.Note] = note } : null;
        if (availability.Current is { } outage)
            return Task.FromResult(HealthCheckResult.Unhealthy($"The mail server has been unavailable since {outage.Since:O}; mails wait unharmed. {outage.Reason}"));
        var status = pace.Status;
        return Task.FromResult((status.Text, status.Lasts) switch
        {
            (null, _) => HealthCheckResult.Healthy(data: data),
            (var slowed, false) => HealthCheckResult.Degraded(slowed, data: data),
            (var throttled, true) => HealthCheckResult.Unhealthy(throttled),
        });
    }
}
