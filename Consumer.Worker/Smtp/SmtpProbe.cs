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
internal sealed class SmtpProbe(IOptions<SmtpOptions> options, SmtpAvailability availability, TimeProvider timeProvider, SmtpLogin? login = null) : ISmtpProbe
{
    /// <inheritdoc />
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var connection = await availability.ObserveAsync(() => OpenAsync(cancellationToken));
        await connection.DisconnectAsync(quit: true, cancellationToken);
    }

    private async Task<SmtpConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await SmtpConnection.OpenAsync(options.Value, login ?? new SmtpLogin(options, availability), chunking: false, timeProvider, cancellationToken);
        // Without a login of the worker's all is well up to here, and every mail is refused.
        if (availability.Server.DemandsLogin && !options.Value.HasLogin && await connection.AskForLoginAsync(cancellationToken) is { } demand)
        {
            connection.Dispose();
            throw new SmtpUnavailableException($"The mail server takes no mail without a login: {demand}. Set Smtp:Username and Smtp:Password.");
        }

        availability.Server.DemandsLogin = false;
        return connection;
    }
}
