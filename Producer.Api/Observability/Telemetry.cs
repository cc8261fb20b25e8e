using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Producer.Api.Observability;

internal static class Telemetry
{
    // MassTransit's names of its meter and its activity source, and the Kafka rider's of its meter.
    private const string MassTransit = "MassTransit";
    private const string KafkaRider = "MassTransit.Kafka";

    /// <summary>
    /// Metrics at <c>/metrics</c> for Prometheus; metrics and traces by OTLP as well where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector.
    /// </summary>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ApiMetrics>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(ApiMetrics.MeterName, MassTransit, KafkaRider, "Npgsql")
                .AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter());
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        telemetry
            .WithMetrics(metrics => metrics.AddOtlpExporter())
            .WithTracing(traces => traces
                .AddSource(MassTransit, "Npgsql").AddAspNetCoreInstrumentation(options => options.Filter = IsWorthATrace).AddOtlpExporter());
    }

    private static bool IsWorthATrace(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal);
}
