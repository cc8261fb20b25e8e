using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;

namespace ServiceDefaults.Tests.Metrics;

public class TelemetryTests
{
    private const string MeterName = "Telemetry.Tests";

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.AddTelemetry(MeterName);
        var service = builder.Build();
        service.MapPrometheusScrapingEndpoint();
        await service.StartAsync();
        return service;
    }

    private static Histogram<double> Duration(WebApplication service) =>
        service.Services.GetRequiredService<IMeterFactory>().Create(MeterName).CreateHistogram<double>("work.duration", "s");

    private static async Task<string> MetricsAsync(WebApplication service)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync($"{service.Urls.Single()}/metrics");
    }

    [Test]
    public async Task A_service_counts_its_own_work_beside_another_of_the_same_process()
    {
        await using var service = await StartAsync();
        await using var other = await StartAsync();
        Duration(other).Record(7);
        Duration(service).Record(0.002);

        var metrics = await MetricsAsync(service);

        metrics.ShouldContain("""le="0.0025"} 1""");
        metrics.ShouldContain("work_duration_seconds_sum{otel_scope_name=\"Telemetry.Tests\"} 0.002");
    }

    [Test]
    public async Task A_services_metrics_outlive_another_host_of_the_same_process()
    {
        await using var service = await StartAsync();
        var other = await StartAsync();
        Duration(other).Record(7);
        var duration = Duration(service);
        duration.Record(0.002);

        await other.DisposeAsync();
        duration.Record(0.002);

        (await MetricsAsync(service)).ShouldContain("work_duration_seconds_count{otel_scope_name=\"Telemetry.Tests\"} 2");
    }
}
