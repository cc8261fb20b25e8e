using MassTransit;

namespace Messaging.Kafka.Failure;

/// <summary>
/// A delivery that met a dependency unavailable failure, given back. It derives from <see cref="OperationCanceledException"/> because that is what
/// MassTransit's rescue filter lets pass: any other exception would take the message to the dead-letter topic.
/// </summary>
internal sealed class DeliveryPausedException(Exception reason) : OperationCanceledException(reason.Message, reason);

/// <summary>The outermost filter of an endpoint's consume pipe: takes dependency unavailable failures out of the message's own way of failing.</summary>
/// <param name="circuit">The endpoint's circuit, once it is built; null where it has none.</param>
internal sealed class PauseFilter(Func<PauseCircuit?> circuit) : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        try
        {
            await next.Send(context);
        }
        catch (Exception exception) when (circuit() is { } closable && closable.Concerns(Reason(exception), context.GetPayload<KafkaConsumeRecord>().Pauses))
        {
            circuit()!.Close(Reason(exception));
            throw new DeliveryPausedException(Reason(exception));
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("pause");

    private static Exception Reason(Exception exception) => exception is AggregateException aggregate ? aggregate.GetBaseException() : exception;
}

/// <summary>
/// A handler's own time-out, told as a cancellation, must not look like the endpoint's: the rescue filter would let it pass, and the
/// record would be delivered again and again without ever reaching retry or the dead-letter topic.
/// </summary>
internal sealed class ForeignCancellationFilter : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        try
        {
            await next.Send(context);
        }
        catch (OperationCanceledException exception) when (!context.CancellationToken.IsCancellationRequested
            && !context.GetPayload<KafkaConsumeRecord>().Draining.IsCancellationRequested)
        {
            throw new TimeoutException($"The handler gave up by a cancellation of its own: {exception.Message}", exception);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("foreignCancellation");
}
