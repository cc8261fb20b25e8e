using Persistence.Mails;

namespace Consumer.Worker.Smtp;

/// <summary>Sends mails to the mail server.</summary>
internal interface ISmtpSender
{
    /// <summary>
    /// Sends one mail to the recipients given. Failures are in the result, where the dialogue had begun, also a cancellation:
    /// a reply that has come is never lost.
    /// </summary>
    /// <param name="mail">The mail.</param>
    /// <param name="recipients">Who it still has to go to.</param>
    /// <param name="beforeData">Called right before DATA or BDAT, the last moment at which nothing was sent; where it throws, nothing is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SmtpUnavailableException">No connection could be opened; nothing of the mail was sent.</exception>
    /// <exception cref="OperationCanceledException">Canceled before the mail was begun.</exception>
    Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken);
}

/// <summary>Sends over the pool's connections.</summary>
internal sealed class SmtpSender(SmtpConnectionPool pool, ILogger<SmtpSender> logger) : ISmtpSender
{
    /// <inheritdoc />
    public async Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
    {
        var groups = CaseGroups.Of(recipients);
        var result = await SendGroupAsync(mail, groups[0], beforeData, cancellationToken);
        for (var i = 1; i < groups.Count && result.Failure is null; i++)
        {
            try
            {
                var more = await SendGroupAsync(mail, groups[i], beforeData, cancellationToken);
                result = new SendResult([.. result.Recipients, .. more.Recipients], more.Failure);
            }
            // Broad on purpose: what the server has said of the others must not be lost. These are left open, and tried again.
            catch (Exception exception)
            {
                logger.LogInformation("Some recipients are left for the next try: {Reason}", exception.Message);
                break;
            }
        }

        return result;
    }

    private async Task<SendResult> SendGroupAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
    {
        var attempt = await SendOnceAsync(mail, recipients, fresh: false, beforeData, cancellationToken);
        // The server closed a connection that lay idle, between our look at it and MAIL. That is not a failure of this mail; a new
        // connection cannot be stale, so this happens once.
        if (attempt.Stale)
            attempt = await SendOnceAsync(mail, recipients, fresh: true, beforeData, cancellationToken);
        if (attempt.BdatRefused)
        {
            if (pool.GiveUpChunking())
                logger.LogWarning("{Failure}: the mail server offers CHUNKING and does not know BDAT. Contents go by DATA from now on; Smtp:Chunking=false saves the try", attempt.Result.Failure);
            attempt = await SendOnceAsync(mail, recipients, fresh: true, beforeData, cancellationToken);
        }

        return attempt.Result;
    }

    private async Task<SmtpAttempt> SendOnceAsync(
        OutgoingMail mail, IReadOnlyList<string> recipients, bool fresh, Action beforeData, CancellationToken cancellationToken)
    {
        using var pooled = await pool.RentAsync(fresh, cancellationToken);
        var (begunAt, inUse) = (pool.Pace.Now, pool.Pace.Connections.Taken);
        var attempt = await pooled.Connection.SendAsync(mail, recipients, beforeData, cancellationToken);
        pooled.Usable = attempt.Usable;
        if (attempt.Result.Recipients.Any(recipient => recipient.Outcome == RecipientOutcome.Accepted))
            pool.Pace.OnAccepted();
        return attempt with { Result = pool.Pace.Replies.Apply(attempt.Result) with { BegunAt = begunAt, InUse = inUse } };
    }
}
