using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using Persistence.Mails;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Stands before the claim and lets pass what is due. A scheduled mail that is not is stored: its row is written, with the copy that
/// will send it, then that is produced, then recorded as published; after a crash in between the record comes again and continues.
/// </summary>
internal sealed class ScheduleFilter(
    ScheduleStore store, ScheduledCopies copies, MailComposer composer, WorkerMetrics metrics, TimeProvider timeProvider, ILogger<ScheduleFilter> logger)
    : IFilter<ConsumeContext<SendEmail>>
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next)
    {
        var record = context.ReceiveContext.GetPayload<KafkaConsumeRecord>();
        // A record that was stored and is read again once its time has come passes here too: it sends the mail, and the copy is stale.
        if (context.Message.ScheduledAt is not { } due || due <= timeProvider.GetUtcNow() || ScheduledCopies.IsCopy(record))
            await next.Send(context);
        else
            await StoreAsync(context, record, due);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("schedule");

    private async Task StoreAsync(ConsumeContext<SendEmail> context, KafkaConsumeRecord record, DateTimeOffset due)
    {
        var read = IncomingMail.Read(context, composer).Record;
        var mail = read with { Identity = read.Identity with { Attempt = 0 } };
        var copy = ScheduledCopies.Of(record, mail.Identity.MailId, due);
        var decision = await store.StoreAsync(mail, copy, record.Draining);
        while (decision == ClaimDecision.Busy)
        {
            await Task.Delay(BusyPause, timeProvider, record.Draining);
            decision = await store.StoreAsync(mail, copy, record.Draining);
        }

        switch (decision)
        {
            case ClaimDecision.IdempotencyConflict:
                throw new IdempotencyConflictException(mail.Identity.MailId);

            case ClaimDecision.Stale:
                metrics.Stale.Add(1);
                logger.LogDebug("A stale record of {Mail} was dropped: the mail is scheduled already, or was canceled or sent", mail.Identity);
                break;

            default:
                await copies.ProduceAsync(mail.Identity, copy, context.CancellationToken);
                metrics.Scheduled.Add(1);
                break;
        }

        // MassTransit takes a record that no consumer was told of for skipped, and dead-letters it.
        await context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, nameof(ScheduleFilter));
    }
}
