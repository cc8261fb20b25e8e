using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ServiceDefaults;

/// <summary>Metrics and traces of a service.</summary>
public static class Telemetry
{
    // The names that the rider, MassTransit and Npgsql give their meters and activity sources. Each message and each request is counted once: MassTransit's
    // own meter counts again what the rider does, and of the framework's all but those of the server and of what went wrong (routing, authentication,
    // authorization, rate limiting) count each request again, eight times a post.
    private static readonly string[] Meters =
        ["MassTransit.Kafka", "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Diagnostics"];
    // Those of a second's parts and of minutes, as OpenTelemetry advises for messaging; the library's own are those of milliseconds.
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400];
    private static readonly string[] Sources = ["MassTransit", "Npgsql"];

    /// <summary>
    /// Metrics at <c>/metrics</c> for Prometheus, once the service maps it; metrics and traces by OTLP as well where
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector. They carry the program's name, unless <c>OTEL_SERVICE_NAME</c> gives
    /// another, and its version.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="meter">The service's own meter.</param>
    public static void AddTelemetry(this WebApplicationBuilder builder, string meter)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var name = builder.Configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } chosen ? chosen : builder.Environment.ApplicationName;
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(name, serviceVersion: Version))
            .WithMetrics(metrics => metrics
                .AddMeter([meter, .. Meters]).AddRuntimeInstrumentation()
                .AddPrometheusExporter());
        builder.Services.ConfigureOpenTelemetryMeterProvider((services, metrics) =>
        {
            var own = services.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => ViewOf(instrument, own));
        });
        // No spans for nobody: each mail would have several.
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        telemetry
            .WithMetrics(metrics => metrics.AddOtlpExporter())
            .WithTracing(traces => traces.AddSource(Sources).AddAspNetCoreInstrumentation(options => options.Filter = IsWorthATrace).AddOtlpExporter());
    }

    /// <summary>Begins counters once whoever exports them listens: one that was not begun is seen with its second count only.</summary>
    /// <param name="services">The service's.</param>
    /// <param name="begin">Adds zero to each of them.</param>
    public static void BeginCounters(this IServiceCollection services, Action<IServiceProvider> begin) =>
        services.AddHostedService(provider => new CounterStart(() => begin(provider)));

    /// <summary>The version of this build, which all of its programs share.</summary>
    private static string Version => typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    // A service counts what is its own: listeners hear all meters of the process, and a second host's of the same name would be counted with it and, once
    // that host is disposed, take the name's metric away.
    private static MetricStreamConfiguration? ViewOf(Instrument instrument, IMeterFactory own) => instrument switch
    {
        { Meter.Scope: IMeterFactory other } when other != own => MetricStreamConfiguration.Drop,
        Histogram<double> { Unit: "s", Advice: null } => new ExplicitBucketHistogramConfiguration { Boundaries = Seconds },
        _ => null,
    };

    private static bool IsWorthATrace(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal);

    private sealed class CounterStart(Action begin) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            begin();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
