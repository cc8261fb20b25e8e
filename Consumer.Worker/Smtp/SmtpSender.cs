namespace Consumer.Worker.Smtp;

/// <summary>Hands mails to the mail server.</summary>
internal interface ISmtpSender
{
    /// <summary>
    /// Sends one mail to the recipients given. Failures are in the result, where the dialogue had begun, also a cancellation:
    /// an answer once heard is never thrown away.
    /// </summary>
    /// <exception cref="SmtpUnavailableException">No connection could be opened; nothing of the mail was sent.</exception>
    /// <exception cref="OperationCanceledException">Canceled before the mail was begun.</exception>
    Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, CancellationToken cancellationToken);
}

/// <summary>Sends over the pool's connections.</summary>
internal sealed class SmtpSender(SmtpConnectionPool pool) : ISmtpSender
{
    /// <inheritdoc />
    public async Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, CancellationToken cancellationToken)
    {
        var attempt = await SendOnceAsync(mail, recipients, fresh: false, cancellationToken);
        // The server closed a connection that lay idle, between our look at it and MAIL. That is no failure of this mail; a new
        // connection cannot be stale, so this happens once.
        if (attempt.Stale)
            attempt = await SendOnceAsync(mail, recipients, fresh: true, cancellationToken);
        return attempt.Result;
    }

    private async Task<SmtpAttempt> SendOnceAsync(OutgoingMail mail, IReadOnlyList<string> recipients, bool fresh, CancellationToken cancellationToken)
    {
        using var pooled = await pool.RentAsync(fresh, cancellationToken);
        var attempt = await pooled.Connection.SendAsync(mail, recipients, cancellationToken);
        pooled.Usable = attempt.Usable;
        return attempt;
    }
}
