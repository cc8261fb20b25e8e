using Persistence.Mails;

namespace Consumer.Worker.Smtp;

/// <summary>Sends mails to the mail server.</summary>
internal interface ISmtpSender
{
    /// <summary>
    /// Sends one mail to the recipients given. Failures are in the result, where the dialogue had begun, also a cancellation:
    /// a reply that has come is never lost. Where the server takes fewer recipients at once, the result has fewer of them.
    /// </summary>
    /// <param name="mail">The mail.</param>
    /// <param name="recipients">Who it still has to go to; one at least.</param>
    /// <param name="beforeData">Called right before DATA or BDAT, the last moment at which nothing was sent; where it throws, nothing is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SmtpUnavailableException">No connection could be opened; nothing of the mail was sent.</exception>
    /// <exception cref="OperationCanceledException">Canceled before the mail was begun.</exception>
    Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken);
}

/// <summary>Sends over the pool's connections.</summary>
/// <param name="pool">The connections.</param>
/// <param name="logger">The log.</param>
/// <param name="shares">Keeps a recipient's domain from having all of them; none: it may.</param>
internal sealed class SmtpSender(SmtpConnectionPool pool, ILogger<SmtpSender> logger, DomainShares? shares = null) : ISmtpSender
{
    /// <inheritdoc />
    public async Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
    {
        using var share = shares is null ? null : await shares.EnterAsync(recipients, mail.Party.Stream, cancellationToken);
        var groups = CaseGroups.Of(recipients);
        var result = await SendGroupAsync(mail, groups[0], beforeData, cancellationToken);
        for (var i = 1; i < groups.Count && result.Failure is null; i++)
        {
            try
            {
                var more = await SendGroupAsync(mail, groups[i], beforeData, cancellationToken);
                result = more with { Recipients = [.. result.Recipients, .. more.Recipients] };
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
        while (true)
        {
            var limit = pool.Server.RecipientLimit;
            var asked = recipients.Count > limit ? [.. recipients.Take(limit)] : recipients;
            var result = await SendAtOnceAsync(mail, asked, beforeData, cancellationToken);
            // Said of the whole mail, when it was too late for the server to say which were too many: half of them next.
            if (asked.Count > 1 && result.Failure is { Verdict.OutcomeUnknown: false, Reply: { Code: >= 400 } reply } && FailureClassification.HasTooManyCode(reply))
                pool.Server.LearnRecipientLimit(asked.Count / 2);
            else
                return WithoutTooMany(result);
        }
    }

    /// <summary>Leaves out those that were too many for a transaction which brought the mail to others: each further one gets on, too.</summary>
    private SendResult WithoutTooMany(SendResult result)
    {
        var accepted = result.Recipients.Count(recipient => recipient.Failure is null);
        var asked = result.Recipients.Where(recipient => recipient is not { Failure.Phase: SmtpPhase.Recipient, Reply: { } reply } || !FailureClassification.IsTooManyRecipients(reply)).ToList();
        if (result.Failure is not null || accepted == 0 || asked.Count == result.Recipients.Count)
            return result;
        pool.Server.LearnRecipientLimit(accepted);
        return result with { Recipients = asked };
    }

    private async Task<SendResult> SendAtOnceAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
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

        if ((attempt.Result.MeansLogin && !pool.HasLogin) || attempt.Result.MayRefuseAllSenders
            || attempt.Result.Unavailable is { Phase: SmtpPhase.Mail, Reply.Code: FailureClassification.ServiceNotAvailable })
        {
            pool.Server.RefusesSenders = true;
        }

        if (!attempt.Result.MeansLogin || !pool.HasLogin)
            return attempt.Result;
        return attempt.LoginOver ? await SendLoggedInAsync(mail, attempt.Result, beforeData, cancellationToken) : attempt.Result.OfItself();
    }

    /// <summary>
    /// Sends again, over a connection that has just logged in, for those whom the server refused as if its session's login were over. Who has
    /// the mail by the first connection keeps it, however the second one ends.
    /// </summary>
    private async Task<SendResult> SendLoggedInAsync(OutgoingMail mail, SendResult first, Action beforeData, CancellationToken cancellationToken)
    {
        var settled = first.Recipients.Where(recipient => recipient.Failure?.Verdict.OfItself is null).ToList();
        try
        {
            var second = await SendOnceAsync(mail, [.. first.Recipients.Except(settled).Select(recipient => recipient.Address)], fresh: true, beforeData, cancellationToken);
            var result = second.Result.OfItself();
            return result with { Recipients = [.. settled, .. result.Recipients] };
        }
        // Broad on purpose: that the mail is with some of its recipients must not be lost; the others are told as unavailable.
        catch (Exception) when (settled.Count > 0)
        {
            return first;
        }
    }

    private async Task<SmtpAttempt> SendOnceAsync(
        OutgoingMail mail, IReadOnlyList<string> recipients, bool fresh, Action beforeData, CancellationToken cancellationToken)
    {
        using var pooled = await pool.RentAsync(fresh, mail.Party, cancellationToken);
        var (begunAt, inUse) = (pool.Pace.Now, pool.Pace.Connections.Taken);
        var attempt = await pooled.Connection.SendAsync(mail, recipients, beforeData, cancellationToken);
        pooled.Usable = attempt.Usable;
        if (attempt.Result.Recipients.Any(recipient => recipient.Outcome == RecipientOutcome.Accepted))
            pool.Pace.OnAccepted();
        return attempt with { Result = pool.Pace.Replies.Apply(attempt.Result) with { BegunAt = begunAt, InUse = inUse } };
    }
}
