using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using Persistence.Mails;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Stands before the claim and lets pass what is due. A scheduled mail that is not is stored in its row, where it waits, and nowhere
/// else; <see cref="ScheduleSweep"/> produces it when it is due.
/// </summary>
internal sealed class ScheduleFilter(
    ScheduleStore store, ScheduleSweep sweep, MailComposer composer, WorkerMetrics metrics, TimeProvider timeProvider, ILogger<ScheduleFilter> logger)
    : IFilter<ConsumeContext<SendEmail>>
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next)
    {
        // A record that was stored and is read again once its time has come passes here too: of it and what the sweep produces one sends the mail.
        if (IncomingMail.DueOf(context) is not { } due || due <= timeProvider.GetUtcNow() || await StoreAsync(context, due))
            await next.Send(context);
        else
            await context.DropAsync(nameof(ScheduleFilter));
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("schedule");

    /// <summary>Stores a mail.</summary>
    /// <returns>Whether it is due all the same: by the clock of Postgres, which is ahead of this process'.</returns>
    private async Task<bool> StoreAsync(ConsumeContext<SendEmail> context, DateTimeOffset due)
    {
        var record = context.ReceiveContext.GetPayload<KafkaConsumeRecord>();
        var read = IncomingMail.Read(context, composer).Record;
        var mail = read with { Identity = read.Identity with { Attempt = 0 } };
        var stored = new ScheduledRecord(due, WaitingRecords.First(record, mail.Identity.MailId));
        var decision = await store.StoreAsync(mail, stored, record.Draining);
        while (decision == ClaimDecision.Busy)
        {
            await Task.Delay(BusyPause, timeProvider, record.Draining);
            decision = await store.StoreAsync(mail, stored, record.Draining);
        }

        switch (decision)
        {
            case ClaimDecision.IdempotencyConflict:
                throw new IdempotencyConflictException(mail.Identity.MailId);

            case ClaimDecision.Due:
                return true;

            case ClaimDecision.Stale:
                metrics.Stale.Add(1);
                logger.LogDebug("A stale record of {Mail} was dropped: the mail was canceled or sent", mail.Identity);
                return false;

            case ClaimDecision.Claim:
                metrics.Scheduled.Add(1);
                sweep.OnStored(due);
                return false;

            // It was stored before.
            default:
                return false;
        }
    }
}
