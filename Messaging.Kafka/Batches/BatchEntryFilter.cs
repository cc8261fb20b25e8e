using System.Runtime.ExceptionServices;
using MassTransit;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Batches;

/// <summary>
/// Brings the records of a key into their consumer's batches in their order: the next begins when the one before it waits in its batch. It
/// stands behind everything that the application adds, so that none of that can change the order.
/// </summary>
internal sealed class BatchEntryFilter : IFilter<ConsumeContext>
{
    /// <inheritdoc/>
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        var delivery = context.GetPayload<KafkaReceiveContext>().Delivery;
        if (delivery.Turn is not { } turn)
        {
            await next.Send(context);
            return;
        }

        do
        {
            await turn.Enter(context.CancellationToken);
            try
            {
                // When it returns, the record is on its way into the batch, and nothing overtakes it there.
                var consumed = next.Send(context);
                turn.Entered();
                delivery.LetNextBegin();
                await consumed;
                // MassTransit lets a record be whose consumer has returned, though its batch has failed after that: in the outbox.
                if (turn.Failure is { } failure)
                    ExceptionDispatchInfo.Throw(failure);
            }
            // A batch that began without it may have failed: that is none of its own failures.
            catch (Exception) when (turn.IsLeftOut)
            {
            }
        }
        while (turn.IsLeftOut);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext context) => context.CreateFilterScope("batchEntry");
}
