using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace ServiceDefaults.Database;

/// <summary>Whether Postgres answers in time.</summary>
internal sealed class PostgresHealthCheck(NpgsqlDataSource postgres, TimeProvider timeProvider, TimeSpan timeout, string consequence) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await postgres.PingAsync(either.Token);
            return HealthCheckResult.Healthy();
        }
        // Broad on purpose: whatever SELECT 1 ends with instead of a result, Postgres is not well.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = deadline.IsCancellationRequested ? $"no response within {timeout}" : exception.Message;
            return new HealthCheckResult(context.Registration.FailureStatus, $"Postgres does not answer: {reason}. {consequence}");
        }
    }
}
