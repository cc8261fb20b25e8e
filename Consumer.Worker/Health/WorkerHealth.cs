using Consumer.Worker.Smtp;
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

/// <summary>Whether the mail server let the worker in when it was last asked; a check of readiness opens no connection of its own.</summary>
internal sealed class SmtpHealthCheck(SmtpAvailability availability, RecipientRules rules) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(availability.Current is { } outage
            ? HealthCheckResult.Unhealthy($"The mail server has been unavailable since {outage.Since:O}; mails wait unharmed. {outage.Reason}")
            : HealthCheckResult.Healthy(data: rules.Note is { } note ? new Dictionary<string, object> { [DependencyReport.Note] = note } : null));
}
