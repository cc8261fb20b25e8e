using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>Asks whether the mail server takes mail: connect, EHLO, TLS, login; never a mail.</summary>
internal interface ISmtpProbe
{
    /// <summary>Returns where the server is well.</summary>
    /// <exception cref="SmtpUnavailableException">It is not; the message says what failed.</exception>
    Task ProbeAsync(CancellationToken cancellationToken);
}

/// <summary>Probes over a connection of its own: a pooled one could have been opened before the trouble began.</summary>
internal sealed class SmtpProbe(IOptions<SmtpOptions> options, SmtpAvailability availability, TimeProvider timeProvider) : ISmtpProbe
{
    /// <inheritdoc />
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var connection = await availability.ObserveAsync(() => SmtpConnection.OpenAsync(options.Value, chunking: false, timeProvider, cancellationToken));
        await connection.DisconnectAsync(quit: true, cancellationToken);
    }
}
