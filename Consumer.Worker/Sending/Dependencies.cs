using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;
using Persistence.Schema;

namespace Consumer.Worker.Sending;

/// <summary>
/// Asks a dependency whether it is available again, for the endpoints' circuits: never with a mail. Relays of several are asked by circuits
/// of their own, for which those of the endpoints wait.
/// </summary>
internal sealed class Dependencies(SmtpRelays relays, WriteProbe postgres)
{
    /// <summary>Completes where the dependency that an exception blames is available; throws otherwise.</summary>
    public Task ProbeAsync(Exception reason, CancellationToken cancellationToken) => reason switch
    {
        SmtpUnavailableException { Route: { } route } => route.WhenAvailableAsync(cancellationToken),
        SmtpUnavailableException => relays.Default.Probe.ProbeAsync(cancellationToken),
        _ => ProbePostgresAsync(cancellationToken),
    };

    /// <summary>The lane of the mails that alone need what an exception blames; null: all mails do.</summary>
    public static string? LaneOf(Exception reason) => (reason as SmtpUnavailableException)?.Route?.Name;

    /// <summary>Completes where Postgres takes writes.</summary>
    public Task ProbePostgresAsync(CancellationToken cancellationToken) => postgres.RunAsync(cancellationToken);
}
