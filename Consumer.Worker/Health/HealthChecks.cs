using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Consumer.Worker.Health;

/// <summary>Whether Postgres answers.</summary>
internal sealed class PostgresHealthCheck(Dependencies dependencies, TimeProvider timeProvider) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var timeout = new CancellationTokenSource(Timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await dependencies.ProbePostgresAsync(either.Token);
            return HealthCheckResult.Healthy();
        }
        // Broad on purpose: whatever the answer to SELECT 1 is instead, Postgres is not well.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = timeout.IsCancellationRequested ? $"no answer within {Timeout}" : exception.Message;
            return HealthCheckResult.Unhealthy($"Postgres: {reason}. Mails wait unharmed. Check Database:ConnectionString and the server.");
        }
    }
}

/// <summary>Whether the mail server let the worker in when it was last asked; a check of readiness opens no connection of its own.</summary>
internal sealed class SmtpHealthCheck(SmtpAvailability availability) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(availability.Current is { } outage
            ? HealthCheckResult.Unhealthy($"The mail server is unavailable since {outage.Since:O}; mails wait unharmed. {outage.Reason}")
            : HealthCheckResult.Healthy());
}
