using System.Diagnostics.Metrics;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>The pace as OpenTelemetry metrics, beside those of <see cref="WorkerMetrics"/>.</summary>
internal sealed class PaceMetrics : IHostedService
{
    /// <param name="meters">Makes the meter.</param>
    /// <param name="pace">What is measured.</param>
    public PaceMetrics(IMeterFactory meters, SmtpPace pace)
    {
        var meter = meters.Create(WorkerMetrics.MeterName);
        meter.CreateObservableGauge("smtp.rate.present", () => pace.Status.Present, "{mail}/s", "Mails that the mail server accepted in the last second.");
        meter.CreateObservableGauge<double>(
            "smtp.rate.allowed", () => pace.AllowedRate is { } rate ? [new Measurement<double>(rate)] : [], "{mail}/s",
            "Mails a second that may go to the mail server, by Smtp:Rate and by its replies; absent where nothing limits them.");
        meter.CreateObservableGauge("smtp.connections.allowed", () => pace.Status.Connections, "{connection}", "Connections that the mail server allows, at most Smtp:MaxConnections.");
        meter.CreateObservableGauge("smtp.mails.waiting", () => pace.Claims.Waiting, "{mail}", "Mails that were read and wait unclaimed for the pace.");
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
