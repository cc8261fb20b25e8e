using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Consumer.Worker.Health;

/// <summary>Liveness and readiness over HTTP.</summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddWorkerHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<PostgresHealthCheck>("postgres").AddCheck<SmtpHealthCheck>("smtp");
        return services;
    }

    /// <summary>
    /// <c>/health/live</c> answers as long as the process does: a restart fixes nothing that is wrong with Kafka, Postgres or the
    /// mail server. <c>/health/ready</c> says of each whether it is well: 200, or 503 while mails wait for it.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = (context, _) => context.Response.WriteAsJsonAsync(new { status = "alive" }) });
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new
    {
        status = report.Status == HealthStatus.Unhealthy ? "unready" : "ready",
        dependencies = report.Entries.Select(entry => new
        {
            name = entry.Key,
            status = entry.Value.Status.ToString().ToLowerInvariant(),
            reason = entry.Value.Status == HealthStatus.Healthy ? null : entry.Value.Description ?? entry.Value.Exception?.Message,
        }),
    });
}
