using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using ServiceDefaults.Logging;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Logging;

public sealed class HealthLogTests
{
    [Test]
    public async Task A_dependency_that_fails_and_is_well_again_is_told_of_once_each()
    {
        var lines = new LogLines<HealthLog>();
        var log = new HealthLog(lines);

        foreach (var status in (HealthStatus[])[HealthStatus.Healthy, HealthStatus.Unhealthy, HealthStatus.Unhealthy, HealthStatus.Degraded, HealthStatus.Healthy, HealthStatus.Healthy])
        {
            var entry = new HealthReportEntry(status, "out of reach", TimeSpan.Zero, exception: null, data: null);
            await log.PublishAsync(new HealthReport(new Dictionary<string, HealthReportEntry>(StringComparer.Ordinal) { ["kafka"] = entry }, TimeSpan.Zero), default);
        }

        lines.Of(LogLevel.Warning).ShouldBe(["kafka is Unhealthy: out of reach", "kafka is Degraded: out of reach"]);
        lines.Of(LogLevel.Information).ShouldBe(["kafka is healthy again"]);
    }
}
