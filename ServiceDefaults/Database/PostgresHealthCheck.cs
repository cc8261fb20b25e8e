using Microsoft.Extensions.Diagnostics.HealthChecks;
using Persistence;

namespace ServiceDefaults.Database;

/// <summary>Whether Postgres does what the service needs, in time.</summary>
internal sealed class PostgresHealthCheck(Func<CancellationToken, Task> probe, TimeProvider timeProvider, TimeSpan timeout, string consequence) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await probe(either.Token);
            return HealthCheckResult.Healthy();
        }
        // Broad on purpose: whatever the probe ends with, Postgres is not well.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = deadline.IsCancellationRequested ? $"no response within {timeout}" : PostgresErrors.Explain(exception);
            return new HealthCheckResult(context.Registration.FailureStatus, $"Postgres is not available: {reason}. {consequence}");
        }
    }
}
