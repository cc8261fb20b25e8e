namespace Consumer.Worker.Smtp;

/// <summary>Asks whether the mail server takes mail; never with a mail.</summary>
internal interface ISmtpProbe
{
    /// <summary>Returns where the server is well.</summary>
    /// <exception cref="SmtpUnavailableException">It is not; the message says what failed.</exception>
    Task ProbeAsync(CancellationToken cancellationToken);
}

/// <summary>Probes by the pool, so that the probe is never the one connection too many.</summary>
internal sealed class SmtpProbe(SmtpConnectionPool pool) : ISmtpProbe
{
    /// <inheritdoc />
    public Task ProbeAsync(CancellationToken cancellationToken) => pool.ProbeAsync(cancellationToken);
}
