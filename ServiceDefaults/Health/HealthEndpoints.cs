using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ServiceDefaults.Health;

/// <summary>Liveness and readiness over HTTP.</summary>
public static class HealthEndpoints
{
    /// <summary>
    /// <c>/health/live</c> answers as long as the process does: a restart fixes nothing that is wrong with Kafka, Postgres or the mail
    /// server. <c>/health/ready</c> says of each dependency whether it is well: 200, or 503 where one is not that the service needs.
    /// </summary>
    /// <param name="routes">The service's.</param>
    /// <param name="tellsReasons">Who is told why a dependency is not well, which names servers and users; null: everybody.</param>
    /// <returns>The endpoint of readiness, to describe what it means for the service.</returns>
    public static RouteHandlerBuilder MapHealth(this IEndpointRouteBuilder routes, Func<HttpContext, bool>? tellsReasons = null)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new LiveReport("alive")))
            .WithName("GetLiveness").WithTags("Health").WithSummary("Whether the process runs.").WithDescription("`alive` as long as the process does: a restart fixes nothing that is wrong with what it depends on.").AllowAnonymous();
        return routes.MapGet("/health/ready", (HttpContext context, HealthCheckService checks) => ReadyAsync(checks, tellsReasons?.Invoke(context) ?? true, context.RequestAborted))
            .WithName("GetReadiness").WithTags("Health").Produces<ReadyReport>().Produces<ReadyReport>(StatusCodes.Status503ServiceUnavailable).AllowAnonymous();
    }

    private static async Task<IResult> ReadyAsync(HealthCheckService checks, bool tellsReasons, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        var status = report.Status switch
        {
            HealthStatus.Healthy => "ready",
            HealthStatus.Degraded => "degraded",
            _ => "unready",
        };
        return TypedResults.Json(
            new ReadyReport(status, [.. report.Entries.Select(entry => DependencyReport.Of(entry.Key, entry.Value, tellsReasons))]),
            statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}

/// <summary>The process runs.</summary>
/// <param name="Status">Always <c>alive</c>.</param>
public sealed record LiveReport(string Status);

/// <summary>Whether the service can do its work.</summary>
/// <param name="Status"><c>ready</c>, <c>degraded</c> or <c>unready</c>.</param>
/// <param name="Dependencies">What it depends on.</param>
public sealed record ReadyReport(string Status, IReadOnlyList<DependencyReport> Dependencies);

/// <summary>One thing the service depends on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
/// <param name="Reason">Why, where it is not healthy; or what has to be known of it all the same. Absent for who may not know.</param>
public sealed record DependencyReport(string Name, string Status, string? Reason)
{
    /// <summary>The key of a check's data that holds what has to be known though it is healthy.</summary>
    public const string Note = "note";

    internal static DependencyReport Of(string name, HealthReportEntry entry, bool tellsReason) => new(
        name,
        entry.Status.ToString().ToLowerInvariant(),
        !tellsReason ? null : entry.Status == HealthStatus.Healthy ? entry.Data.GetValueOrDefault(Note) as string : entry.Description ?? entry.Exception?.Message);
}
