using System.Globalization;
using Consumer.Worker.Alerts;
using Consumer.Worker.DeadLetters;
using Consumer.Worker.Health;
using Consumer.Worker.Holds;
using Consumer.Worker.Retention;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using MassTransit;
using Microsoft.Extensions.Options;
using ServiceDefaults;
using ServiceDefaults.Database;
using ServiceDefaults.Health;
using ServiceDefaults.Kafka;
using ServiceDefaults.Logging;
using ServiceDefaults.Start;

namespace Consumer.Worker.Hosting;

/// <summary>The worker's process: what it is made of, in the order in which it starts. It stops in the reverse order.</summary>
internal static class WorkerHost
{
    /// <summary>Where health and metrics are served unless <c>ASPNETCORE_URLS</c> or <c>ASPNETCORE_HTTP_PORTS</c> says otherwise.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8081";

    // What follows the endpoints when the worker stops: the last alert, the end of the lease, connections.
    private static readonly TimeSpan AfterEndpoints = TimeSpan.FromSeconds(15);

    /// <summary>Builds the worker.</summary>
    /// <param name="args">The command line, which overrides all other configuration.</param>
    /// <param name="topics">Its topics and groups; null: those of the configuration.</param>
    /// <param name="replace">Puts other services in the place of its own, as a benchmark does.</param>
    public static WebApplication Build(string[] args, MailTopics? topics = null, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]) && string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.HttpPortsKey]))
            builder.WebHost.UseUrls(DefaultUrl);
        builder.AddServiceLogging();
        builder.AddTelemetry(WorkerMetrics.MeterName);

        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<WorkerMetrics>();
        services.BeginCounters(provider => provider.GetRequiredService<WorkerMetrics>().Begin());
        services.AddDatabase();
        // Another schema is met before anything uses it. Without Postgres the worker starts: its endpoints pause by themselves.
        services.AddSchemaGuard();
        services.AddClusterGuard();
        services.AddWorkerHealth();
        services.AddAlerts();
        services.AddSmtp();
        services.AddSending();
        services.AddScheduling();
        services.AddHolds();
        services.AddDeadLetters();
        services.AddRetention();
        services.AddKafkaEndpoints(MailTopics.Of(builder.Configuration, topics));
        services.AddScheduleSweep();
        services.AddOptions<MassTransitHostOptions>().Configure<IOptions<WorkerOptions>>(
            (host, worker) => host.StopTimeout = worker.Value.StopTimeout + (AfterEndpoints / 3));
        services.AddOptions<HostOptions>().Configure<IConfiguration>((host, configuration) => host.ShutdownTimeout = StopTimeout(configuration) + AfterEndpoints);

        replace?.Invoke(services);
        var app = builder.Build();
        // Before anything makes the bus, which would report the first wrong section alone.
        app.Services.ValidateOptions();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    /// <summary>Read past the options: the host is made before these are validated, and would report the first wrong one alone.</summary>
    private static TimeSpan StopTimeout(IConfiguration configuration) =>
        TimeSpan.TryParse(configuration[$"{WorkerOptions.Section}:{nameof(WorkerOptions.StopTimeout)}"], CultureInfo.InvariantCulture, out var timeout) && timeout > TimeSpan.Zero
            ? timeout
            : new WorkerOptions().StopTimeout;
}
