using MassTransit;
using MassTransit.Batching;
using MassTransit.Context;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Batches;

/// <summary>
/// Begins a batch with those records alone whose predecessors of the same key are consumed, or in it. MassTransit closes a batch by its clock and
/// its size, and lets several run at once: a record may have come into the one behind that of its predecessor, which may fail and come
/// again.
/// </summary>
internal sealed class BatchOrderFilter<TMessage> : IFilter<ConsumeContext<Batch<TMessage>>>
    where TMessage : class
{
    /// <inheritdoc/>
    public async Task Send(ConsumeContext<Batch<TMessage>> context, IPipe<ConsumeContext<Batch<TMessage>>> next)
    {
        var turns = new HashSet<BatchTurn>();
        var begun = context.Message.Where(message => TurnOf(message) is not { } turn || turn.TryBegin(turns)).ToList();
        if (begun.Count == 0)
            return;

        try
        {
            await next.Send(begun.Count == context.Message.Length ? context : Reduced(context.Message, begun));
            // At once: the batch behind this one may begin before its records have gone on.
            foreach (var turn in turns)
                turn.Consumed();
        }
        catch (Exception exception)
        {
            // Before any of them goes on: each looks whether the one before it has failed, too.
            foreach (var turn in turns)
                turn.Fail(exception);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext context) => context.CreateFilterScope("batchOrder");

    private static BatchTurn? TurnOf(ConsumeContext<TMessage> message) => message.GetPayload<KafkaReceiveContext>().Delivery.Turn;

    private static BatchConsumeContext<TMessage> Reduced(Batch<TMessage> batch, List<ConsumeContext<TMessage>> messages) =>
        new(messages[^1], new MessageBatch<TMessage>(batch.FirstMessageReceived, batch.LastMessageReceived, batch.Mode, messages));
}
