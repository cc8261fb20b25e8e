using Consumer.Worker.Smtp;
using Persistence.Schema;

namespace Consumer.Worker.Sending;

/// <summary>Asks a dependency whether it is available again, for the endpoints' circuits: never with a mail.</summary>
internal sealed class Dependencies(ISmtpProbe smtp, WriteProbe postgres)
{
    /// <summary>Completes where the dependency that an exception blames is available; throws otherwise.</summary>
    public Task ProbeAsync(Exception reason, CancellationToken cancellationToken) =>
        reason is SmtpUnavailableException ? smtp.ProbeAsync(cancellationToken) : ProbePostgresAsync(cancellationToken);

    /// <summary>Completes where Postgres takes writes.</summary>
    public Task ProbePostgresAsync(CancellationToken cancellationToken) => postgres.RunAsync(cancellationToken);
}
