using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;
using Persistence;
using Producer.Api.Configuration;

namespace Producer.Api.Health;

/// <summary>Asks Postgres for an answer. Without one the service is degraded: mails are accepted, reads answer 503.</summary>
internal sealed class PostgresHealthCheck(NpgsqlDataSource postgres, IOptions<ApiOptions> options, TimeProvider timeProvider) : IHealthCheck
{
    public const string Name = "postgres";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(options.Value.LookupTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await using var command = postgres.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(either.Token);
            return HealthCheckResult.Healthy();
        }
        catch (Exception exception) when (PostgresErrors.IsUnavailable(exception))
        {
            return HealthCheckResult.Degraded($"Postgres does not answer: {exception.Message}. Mails are accepted; reads of mails and failures answer 503.");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return HealthCheckResult.Degraded($"Postgres did not answer within {options.Value.LookupTimeout} (Api:LookupTimeout). Mails are accepted; reads may answer 503.");
        }
    }
}

internal static class HealthServices
{
    public static IServiceCollection AddApiHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<PostgresHealthCheck>(PostgresHealthCheck.Name);
        return services;
    }
}
