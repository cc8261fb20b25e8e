using System.Diagnostics.Metrics;
using Consumer.Worker.Smtp.Relays;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>The pace as OpenTelemetry metrics, beside those of <see cref="WorkerMetrics"/>; where there are several relays, of each by its name.</summary>
internal sealed class PaceMetrics : IHostedService
{
    private readonly SmtpRelays _relays;

    /// <param name="meters">Makes the meter.</param>
    /// <param name="relays">What is measured.</param>
    public PaceMetrics(IMeterFactory meters, SmtpRelays relays)
    {
        _relays = relays;
        var meter = meters.Create(WorkerMetrics.MeterName);
        meter.CreateObservableGauge("smtp.rate.present", () => Of<int>(relay => relay.Pace.Status.Present), "{mail}/s", "Mails that the mail server accepted in the last second.");
        meter.CreateObservableGauge(
            "smtp.rate.allowed", () => Of(relay => relay.Pace.AllowedRate), "{mail}/s",
            "Mails a second that may go to the mail server, by Smtp:Rate and by its replies; absent where nothing limits them.");
        meter.CreateObservableGauge("smtp.connections.allowed", () => Of<int>(relay => relay.Pace.Status.Connections), "{connection}", "Connections that the mail server allows, at most Smtp:MaxConnections.");
        meter.CreateObservableGauge("smtp.mails.waiting", () => Of<int>(relay => relay.Pace.Claims.Waiting), "{mail}", "Mails that were read and wait unclaimed for the pace.");
        meter.CreateObservableGauge("smtp.unavailable", () => Of<int>(relay => relay.Availability.Current is null ? 0 : 1), "{relay}", "1 while the mail server lets nobody in, else 0.");
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<Measurement<T>> Of<T>(Func<SmtpRelay, T?> value)
        where T : struct =>
        from relay in _relays.All
        let measured = value(relay)
        where measured is not null
        select new Measurement<T>(measured.Value, _relays.Tags(relay));
}
