using MassTransit;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Notes on the receive context that it has faulted, where nothing has (undecodable records): MassTransit's dead-letter filter would
/// write the record a second time as one that nobody consumed.
/// </summary>
internal sealed class FaultNotedFilter : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (!context.IsFaulted)
            await context.NotifyFaulted(context.Exception);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("faultNoted");
}
