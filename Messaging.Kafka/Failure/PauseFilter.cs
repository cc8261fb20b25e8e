using MassTransit;

namespace Messaging.Kafka.Failure;

/// <summary>
/// A delivery that met an unavailable dependency, and is to wait for it. It derives from <see cref="OperationCanceledException"/> because
/// that is what MassTransit's rescue filter lets pass: any other exception would take the message to the dead-letter topic.
/// </summary>
/// <param name="reason">What it met.</param>
/// <param name="lane">The lane that is stopped; null: the whole endpoint.</param>
internal sealed class DeliveryPausedException(Exception reason, string? lane) : OperationCanceledException(reason.Message, reason)
{
    public string? Lane => lane;
}

/// <summary>
/// The outermost filter of an endpoint's consume pipe: keeps a dependency's failure from being taken for the message's own, and a handler's
/// own timeout, told as a cancellation, from being taken for the endpoint's. The rescue filter would let that pass, and the record would be
/// delivered again and again without ever reaching retry or the dead-letter topic.
/// </summary>
/// <param name="circuits">The endpoint's circuits, once they are built; null where it has none.</param>
internal sealed class PauseFilter(Func<PauseCircuits?> circuits) : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        try
        {
            await next.Send(context);
        }
        catch (OperationCanceledException exception) when (IsForeign(context))
        {
            var timeout = new TimeoutException($"The handler gave up by a cancellation of its own: {exception.Message}", exception);
            throw IsDependency(timeout, context) ? circuits()!.Pause(timeout) : timeout;
        }
        catch (Exception exception) when (IsDependency(exception, context))
        {
            throw circuits()!.Pause(exception);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("pause");

    private static bool IsForeign(ConsumeContext context) =>
        !context.CancellationToken.IsCancellationRequested && !context.GetPayload<KafkaConsumeRecord>().Draining.IsCancellationRequested;

    private bool IsDependency(Exception exception, ConsumeContext context) =>
        circuits() is { } pausing && pausing.Concerns(exception, context.GetPayload<KafkaConsumeRecord>().Pauses);
}
