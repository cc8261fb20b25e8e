using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Consumer.Worker.Hosting;

/// <summary>Metrics for Prometheus at <c>/metrics</c>; metrics and traces by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector.</summary>
internal static class Telemetry
{
    // The rider, MassTransit itself and Npgsql by their meters' names.
    private static readonly string[] Meters = [WorkerMetrics.MeterName, "MassTransit.Kafka", "MassTransit", "Npgsql"];
    private static readonly string[] Sources = ["MassTransit", "Npgsql"];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WorkerMetrics>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(Meters).AddRuntimeInstrumentation().AddPrometheusExporter());
        // No spans for nobody: each mail would have several.
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        telemetry.WithMetrics(metrics => metrics.AddOtlpExporter()).WithTracing(traces => traces.AddSource(Sources).AddOtlpExporter());
    }
}
