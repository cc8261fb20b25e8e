using Consumer.Worker.Sending;
using Contracts;
using MassTransit;
using Persistence.Retention;

namespace Consumer.Worker.Retention;

/// <summary>
/// Drops a record that is read again after the retention job removed its mail: it was sent, canceled or discarded then, and without a row
/// the claim would take it for a new one. So it is after offsets were set back, or had run out in a group that was empty for long.
/// </summary>
internal sealed class RemovedRecordFilter(RemovedRecords removed, WorkerMetrics metrics, ILogger<RemovedRecordFilter> logger) : IFilter<ConsumeContext<SendEmail>>
{
    /// <inheritdoc />
    public async Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next)
    {
        var record = context.ReceiveContext.GetPayload<KafkaConsumeRecord>();
        if (context.MessageId is { } id
            && await removed.ContainsAsync(record.Topic, record.Partition, record.Offset, record.Timestamp, id, context.CancellationToken))
        {
            metrics.Stale.Add(1);
            logger.LogInformation(
                "The record {Topic}/{Partition}/{Offset} of mail {MailId} was dropped: its mail ended before, and retention has removed its row",
                record.Topic, record.Partition, record.Offset, id);
            await context.DropAsync(nameof(RemovedRecordFilter));
            return;
        }

        await next.Send(context);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("removedRecord");
}
