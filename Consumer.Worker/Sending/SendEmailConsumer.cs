using Consumer.Worker.Dkim;
using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MassTransit;

namespace Consumer.Worker.Sending;

/// <summary>Sends a claimed mail to the recipients that are still open, and says by its exception where the mail goes otherwise.</summary>
internal sealed class SendEmailConsumer(
    WorkerLease lease,
    RecipientRules rules,
    DkimKeys dkim,
    WorkerMetrics metrics,
    TimeProvider timeProvider,
    ILogger<SendEmailConsumer> logger) : IConsumer<SendEmail>
{
    /// <inheritdoc />
    public async Task Consume(ConsumeContext<SendEmail> context)
    {
        var attempt = context.GetPayload<DeliveryAttempt>();
        foreach (var address in attempt.Open.Where(rules.HoldsBack))
            attempt.HoldBack(address, RecipientRules.Reason);
        if (Allowed(attempt) is { Count: > 0 } open)
            await SendAsync(attempt, open, context.CancellationToken);
        // Each recipient has its own end; the mail is sent when all took it. One that nobody will take makes it a dead letter, so
        // that a person sees it; those that took it are never sent to again, also not by a replay.
        if (attempt.Rejected is { Count: > 0 } rejected)
            throw new PermanentMailException($"The mail server refused {Count(rejected.Count, "recipient")} permanently: {string.Join("; ", rejected)}");
    }

    private async Task SendAsync(DeliveryAttempt attempt, IReadOnlyList<string> open, CancellationToken cancellationToken)
    {
        // Composed for each try: MailKit fits the content to the server it meets.
        using var mail = dkim.Signed(MailComposer.Compose(attempt.Mail.Mail, attempt.MessageIdHeader, attempt.Date) with { Party = attempt.Mail.Party });
        var result = await SendInPartsAsync(attempt, mail, open, cancellationToken);
        // What the server has said stands, also where the worker stops or loses the partition meanwhile.
        if (Allowed(attempt).Count == 0)
            return;

        if (result.Failure is { Verdict.OutcomeUnknown: true } unknown)
            OnUnknown(attempt, unknown, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        // Where the probe is well it was said of this mail.
        if (result.MayRefuseAllSenders)
            await attempt.Relay.Probe.ProbeAsync(cancellationToken);
        if (Throttled(Allowed(attempt), result) is { } throttled)
            throw throttled;
        if (result.Unavailable is { } unavailable)
            await OnDependencyUnavailableAsync(attempt.Relay, unavailable, cancellationToken);
        ThrowIfOpen(Allowed(attempt), result);
    }

    /// <summary>
    /// Sends in as many transactions as the server makes of it, with no pause between them: all are one attempt. Each recipient is asked for once.
    /// </summary>
    /// <returns>What became of all that were asked for.</returns>
    private async Task<SendResult> SendInPartsAsync(DeliveryAttempt attempt, OutgoingMail mail, IReadOnlyList<string> open, CancellationToken cancellationToken)
    {
        var asked = new List<RecipientResult>();
        while (true)
        {
            var start = timeProvider.GetTimestamp();
            var part = await attempt.Relay.Sender.SendAsync(mail, open, () => KeepLease(attempt), cancellationToken);
            metrics.SendDuration.Record(timeProvider.GetElapsedTime(start).TotalSeconds);
            attempt.Note(part);
            asked.AddRange(part.Recipients);
            open = [.. open.Except(part.Recipients.Select(recipient => recipient.Address), StringComparer.Ordinal)];
            // What the server refuses permanently, when it was asked for some, is said of the mail.
            if (open.Count > 0 && part.Failure is { Kind: FailureKind.Permanent } refused)
            {
                var rest = SendResult.Of(open, new Dictionary<string, SmtpReply>(), null, refused);
                attempt.Note(rest);
                return part with { Recipients = [.. asked, .. rest.Recipients], Failure = refused };
            }

            if (open.Count == 0 || part.Failure is not null || part.Unavailable is not null || cancellationToken.IsCancellationRequested)
                return part with { Recipients = asked };
        }
    }

    /// <summary>The open recipients that the mail may go to.</summary>
    private List<string> Allowed(DeliveryAttempt attempt) => [.. attempt.Open.Where(address => !rules.HoldsBack(address))];

    /// <summary>
    /// Looked at right before DATA or BDAT: a worker that stalled past its lease, while it waited for a connection or for the
    /// server, has perhaps lost the mail to another one, and has sent nothing of it yet.
    /// </summary>
    private void KeepLease(DeliveryAttempt attempt)
    {
        if (!lease.IsHeldSince(attempt.LeaseTerm))
            throw new LeaseLostException();
    }

    private void OnUnknown(DeliveryAttempt attempt, SmtpFailure failure, CancellationToken cancellationToken)
    {
        metrics.Unknown.Add(1);
        logger.LogWarning("{Mail}: {Failure}. {Key}:OnUnknownOutcome says {Option}", attempt.Identity, failure, attempt.Relay.Options.Path, attempt.Relay.Options.OnUnknownOutcome);
        if (attempt.Relay.Options.OnUnknownOutcome == UnknownOutcome.DeadLetter && !cancellationToken.IsCancellationRequested)
            throw new PermanentMailException(failure.Text);
    }

    /// <summary>
    /// In the middle of a mail "nobody may send" can also be said of that mail alone. The probe tells: where it is well the mail
    /// has failed by itself, and would otherwise pause the endpoint again and again. A missing login is not one mail's own failure.
    /// </summary>
    private static async Task OnDependencyUnavailableAsync(IRelay relay, SmtpFailure failure, CancellationToken cancellationToken)
    {
        if (failure.Reply?.Code != FailureClassification.ServiceNotAvailable)
            throw new SmtpUnavailableException(failure.Text);
        await relay.Probe.ProbeAsync(cancellationToken);
        throw new MomentaryMailException($"{failure.Text} (the server is well otherwise)");
    }

    /// <summary>Where some recipient was refused as too fast the mail goes again, whatever was said of others: of those nothing is counted either.</summary>
    private static ThrottledMailException? Throttled(List<string> open, SendResult result)
    {
        var throttled = result.Recipients.FirstOrDefault(recipient => recipient.Failure?.Kind == FailureKind.Throttled && open.Contains(recipient.Address));
        return throttled?.Failure is { Reply: { } reply, Verdict.Scope: var scope }
            ? new ThrottledMailException($"{Count(open.Count, "recipient")} not sent to yet: {throttled.Reason}", reply, scope, result.BegunAt, result.InUse)
            : null;
    }

    private static void ThrowIfOpen(List<string> open, SendResult result)
    {
        var failures = result.Recipients.Where(recipient => recipient.Failure is not null && open.Contains(recipient.Address)).ToList();
        var reasons = string.Join("; ", failures.Select(recipient => recipient.Reason).Distinct(StringComparer.Ordinal));
        var message = $"{Count(open.Count, "recipient")} not sent to: {reasons}";
        throw failures.TrueForAll(recipient => recipient.Failure!.Verdict.MomentCures)
            ? new MomentaryMailException(message)
            : new TransientMailException(message);
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
