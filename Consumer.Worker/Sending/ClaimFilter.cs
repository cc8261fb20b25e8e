using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MassTransit;
using Microsoft.Extensions.Options;
using Persistence.Mails;
using ServiceDefaults.Logging;

namespace Consumer.Worker.Sending;

/// <summary>
/// Stands between delayed redelivery and in-process retry. Before: claims the mail, so that no two workers send it, or puts it into its row
/// where a hold is on it. After: writes what became of it, and what comes next, before the redelivery or the dead letter is produced.
/// </summary>
internal sealed class ClaimFilter(
    MailClaims claims,
    MailComposer composer,
    OutcomeRecorder outcomes,
    IOptions<RetryOptions> retry,
    SmtpRelays relays,
    Parties parties,
    WorkerMetrics metrics,
    TimeProvider timeProvider,
    LogLimiter limiter,
    ILogger<ClaimFilter> logger) : IFilter<ConsumeContext<SendEmail>>
{
    private readonly IReadOnlyList<TimeSpan> _redeliveries = retry.Value.Redeliveries();

    /// <inheritdoc />
    public async Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next)
    {
        var mail = IncomingMail.Read(context, composer);
        // Waits for nobody's turn and for no relay.
        if (await claims.TryHoldAsync(mail, context.ReceiveContext.GetPayload<KafkaConsumeRecord>().Draining, context.CancellationToken) is { } held)
        {
            await OnHeldAsync(context, mail, held);
            return;
        }

        mail = mail with { Party = parties.Of(mail.Record) };
        var route = relays.RouteOf(mail.Record.Sender ?? "", mail.Mail.Tags);
        // One that is unavailable is not asked again until a probe has found it well: the circuit of the mail's lane, or its second relay.
        var delivered = false;
        while (!delivered)
            delivered = await DeliverByAsync(route.Choose(), context, next, mail);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("claim");

    private enum Step
    {
        Done,
        ClaimAnew,
        WaitAgain,
        OtherRelay,
    }

    /// <summary>Delivers a mail by a relay.</summary>
    /// <returns>False where the relay is unavailable: the mail is claimed by nobody, and to be delivered by another one.</returns>
    private async Task<bool> DeliverByAsync(SmtpRelay relay, ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next, IncomingMail mail)
    {
        // What only waits stops as soon as the partition is revoked; a mail that is being sent continues a little longer.
        var waiting = context.ReceiveContext.GetPayload<KafkaConsumeRecord>().Draining;
        using var paced = new PacedDelivery(relay.Pace, mail.Party, relay.Options.ThrottlePatience, timeProvider);
        while (true)
        {
            await paced.TakeTurnAsync(waiting);
            if (relay.Circuit.IsOpen)
                return false;
            switch (await TryDeliverAsync(context, next, mail, relay, paced, waiting))
            {
                case Step.Done:
                    return true;
                case Step.OtherRelay:
                    return false;
                // The lease ran out between the claim and the sending.
                case Step.ClaimAnew:
                    paced.EndTurn();
                    await claims.KeepLeaseAsync(waiting);
                    break;
                // It was too fast for the mail server.
                default:
                    await paced.WaitAgainAsync(waiting);
                    break;
            }
        }
    }

    private async Task<Step> TryDeliverAsync(
        ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next, IncomingMail mail, SmtpRelay relay, PacedDelivery paced, CancellationToken waiting)
    {
        var leaseTerm = claims.LeaseTerm;
        switch (await claims.ClaimAsync(mail, paced.EndTurn, waiting, context.CancellationToken))
        {
            case ClaimResult.Claimed claimed:
                return await DeliverAsync(context, next, new DeliveryAttempt(mail, claimed, leaseTerm, relay), claimed, relay, paced);

            case ClaimResult.Held held:
                await OnHeldAsync(context, mail, held);
                return Step.Done;

            case ClaimResult.OutboxPending { Kind: OutboxKind.Redelivery } pending:
                OutboxTicket.Put(context, mail.Identity, OutboxKind.Redelivery);
                throw new TransientMailException(pending.Reason);

            case ClaimResult.OutboxPending pending:
                OutboxTicket.Put(context, mail.Identity, OutboxKind.DeadLetter);
                throw new PermanentMailException(pending.Reason);

            case ClaimResult.IdempotencyConflict:
                throw new IdempotencyConflictException(mail.Identity.MailId);

            case ClaimResult.Stale { IsUnmet: true } unmet:
                metrics.Stale.Add(1);
                logger.LogWarning("{Mail} is not sent: it was {State} before any record of it was read; another mail under its id is a conflict from now on", mail.Identity, unmet.State);
                await context.DropAsync(nameof(ClaimFilter));
                return Step.Done;

            case var stale:
                metrics.Stale.Add(1);
                logger.LogDebug("A stale record of {Mail} was dropped: {Why}", mail.Identity, stale);
                await context.DropAsync(nameof(ClaimFilter));
                return Step.Done;
        }
    }

    private async Task OnHeldAsync(ConsumeContext<SendEmail> context, IncomingMail mail, ClaimResult.Held held)
    {
        metrics.Held.Add(1, WorkerMetrics.ByHold);
        logger.LogDebug("{Mail} is held by {HoldId}", mail.Identity, held.HoldId);
        await context.DropAsync(nameof(ClaimFilter));
    }

    private async Task<Step> DeliverAsync(
        ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next, DeliveryAttempt attempt, ClaimResult.Claimed claimed, SmtpRelay relay, PacedDelivery paced)
    {
        context.AddOrUpdatePayload(() => attempt, _ => attempt);
        try
        {
            if (claimed.TakenOverFrom is { } worker)
                OnTakenOver(attempt, worker);
            await SendAsync(context, next, relay, paced);
        }
        catch (LeaseLostException)
        {
            await outcomes.LeaveAsync(attempt);
            return Step.ClaimAnew;
        }
        catch (ThrottledMailException)
        {
            await outcomes.LeaveAsync(attempt);
            return Step.WaitAgain;
        }
        catch (SmtpUnavailableException exception) when (relays.AreSeveral)
        {
            relay.Circuit.Open(exception.Message);
            await RecordFailureAsync(context, attempt, exception);
            return Step.OtherRelay;
        }
        catch (OperationCanceledException)
        {
            // The worker stops, or the partition went to another one: the same record comes again.
            await outcomes.LeaveAsync(attempt);
            throw;
        }
        // Broad on purpose: every failure of a claimed mail is recorded before the exception goes on.
        catch (Exception exception)
        {
            if (await RecordFailureAsync(context, attempt, exception))
                throw;
            await context.DropAsync(nameof(ClaimFilter));
            return Step.Done;
        }

        if (attempt.IsHeldBack)
        {
            await outcomes.HeldAsync(attempt, RecipientRules.Reason);
            metrics.Held.Add(1, WorkerMetrics.ByRule);
            return Step.Done;
        }

        await outcomes.SentAsync(attempt);
        metrics.Sent.Add(1, relays.Tags(relay));
        metrics.AcceptToSent.Record((timeProvider.GetUtcNow() - attempt.Date).TotalSeconds);
        return Step.Done;
    }

    /// <summary>
    /// Says what an exception means that only its surroundings tell. A cancellation means that the worker stops, or lost the partition;
    /// where neither is so it is a timeout within the handler. A mail that alone is too fast for too long has failed by itself.
    /// </summary>
    private async Task SendAsync(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next, SmtpRelay relay, PacedDelivery paced)
    {
        try
        {
            await next.Send(context);
        }
        catch (OperationCanceledException exception) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Something was canceled by a timeout of its own: {exception.Message}", exception);
        }
        catch (ThrottledMailException throttled)
        {
            metrics.Throttled.Add(1, relays.Tags(relay));
            if (paced.MayWaitFor(throttled))
                throw;
            throw new TransientMailException($"{throttled.Message} (for longer than {relay.Options.Path}:ThrottlePatience, while other mails pass)");
        }
    }

    private void OnTakenOver(DeliveryAttempt attempt, Guid worker)
    {
        // Whoever left the mail to nobody has counted it.
        if (worker != Guid.Empty)
            metrics.Unknown.Add(1);
        logger.LogWarning(
            "{Mail} was being sent by a worker that did not finish: the mail server may have taken it. {Key}:OnUnknownOutcome says {Option}",
            attempt.Identity, attempt.Relay.Options.Path, attempt.Relay.Options.OnUnknownOutcome);
        if (attempt.Relay.Options.OnUnknownOutcome == UnknownOutcome.DeadLetter)
            throw new PermanentMailException("The mail was being sent by a worker that did not finish: the mail server may have taken it.");
    }

    /// <summary>Records a failure.</summary>
    /// <returns>Whether the exception is to go on, to the circuit, to the redelivery or to the dead-letter topic.</returns>
    private async Task<bool> RecordFailureAsync(ConsumeContext<SendEmail> context, DeliveryAttempt attempt, Exception exception)
    {
        var kind = FailureVerdict.Of(exception);
        metrics.Failed.Add(1, new KeyValuePair<string, object?>("kind", kind.ToString()));
        if (kind == FailureKind.DependencyUnavailable)
        {
            await outcomes.LeaveAsync(attempt);
            return true;
        }

        var outboxEntry = Next(attempt.Identity, kind, exception);
        if (!await outcomes.WriteOutboxEntryAsync(attempt, outboxEntry))
        {
            logger.LogWarning("{Mail} failed ({Error}), but another worker has claimed it since; that one decides", attempt.Identity, exception.Message);
            return false;
        }

        OutboxTicket.Put(context, attempt.Identity, outboxEntry is OutboxEntry.Redelivery ? OutboxKind.Redelivery : OutboxKind.DeadLetter);
        Log(attempt.Identity, outboxEntry, exception);
        return true;
    }

    /// <summary>
    /// What the mail server refused is an answer, and a line; with a stack comes what nobody expects. Of a dead letter its failure tells,
    /// once that is written.
    /// </summary>
    private void Log(RecordIdentity mail, OutboxEntry next, Exception exception)
    {
        var cause = exception.GetType().Name;
        if (exception is not (MailException or TimeoutException))
        {
            if (limiter.Allows(logger, LogLevel.Error, "failed attempts", cause))
                logger.LogError(exception, "{Mail} failed in attempt {Attempt}: {Reason}", mail, mail.Attempt, exception.Message);
        }
        else if (next is OutboxEntry.Redelivery redelivery && limiter.Allows(logger, LogLevel.Information, "redeliveries", cause))
        {
            logger.LogInformation("{Mail} failed in attempt {Attempt} and is delivered again at {Due:O}: {Reason}", mail, mail.Attempt, redelivery.Due, exception.Message);
        }
    }

    /// <summary>The same rule as the redelivery's policy: as many redeliveries as there are intervals.</summary>
    private OutboxEntry Next(RecordIdentity identity, FailureKind kind, Exception exception) =>
        kind == FailureKind.Transient && identity.Attempt <= _redeliveries.Count
            ? new OutboxEntry.Redelivery(identity.Attempt + 1, timeProvider.GetUtcNow() + _redeliveries[identity.Attempt - 1], exception.Message)
            : new OutboxEntry.DeadLetter(exception.Message);
}
