using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Producer.Api.Health;

internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Alive is who answers at all: a restart fixes nothing that is wrong with Kafka or Postgres.
        routes.MapGet("/health/live", () => TypedResults.Ok(new LiveReport("alive")))
            .WithName("GetLiveness").WithTags("Health").WithSummary("Whether the process runs.").AllowAnonymous();

        routes.MapGet("/health/ready", ReadyAsync)
            .WithName("GetReadiness").WithTags("Health").WithSummary("Whether mails are accepted, and which dependency says otherwise.")
            .WithDescription("`ready`; `degraded` (200: mails are accepted, but reads of mails and failures answer 503); or `unready` (503: Kafka does not answer).")
            .Produces<ReadyReport>().Produces<ReadyReport>(StatusCodes.Status503ServiceUnavailable).AllowAnonymous();
    }

    private static async Task<IResult> ReadyAsync(HealthCheckService checks, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        var status = report.Status switch
        {
            HealthStatus.Healthy => "ready",
            HealthStatus.Degraded => "degraded",
            _ => "unready",
        };
        var dependencies = report.Entries.Select(entry => DependencyReport.Of(entry.Key, entry.Value)).ToArray();
        return TypedResults.Json(
            new ReadyReport(status, dependencies),
            statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}

/// <summary>The process runs.</summary>
/// <param name="Status">Always <c>alive</c>.</param>
internal sealed record LiveReport(string Status);

/// <summary>Whether the service can do its work.</summary>
/// <param name="Status"><c>ready</c>, <c>degraded</c> or <c>unready</c>.</param>
/// <param name="Dependencies">What it depends on.</param>
internal sealed record ReadyReport(string Status, IReadOnlyList<DependencyReport> Dependencies);

/// <summary>One thing the service depends on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
/// <param name="Reason">Why, where it is not healthy.</param>
internal sealed record DependencyReport(string Name, string Status, string? Reason)
{
    public static DependencyReport Of(string name, HealthReportEntry entry) => new(
        name,
        entry.Status.ToString().ToLowerInvariant(),
        entry.Status == HealthStatus.Healthy ? null : entry.Description ?? entry.Exception?.Message);
}
