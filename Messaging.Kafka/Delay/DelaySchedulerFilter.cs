using MassTransit;
using MassTransit.Context;
using MassTransit.Scheduling;

namespace Messaging.Kafka.Delay;

/// <summary>
/// Lets consumers schedule messages by the delay topics of where they go, where the application has put no scheduler of its own into the
/// pipeline. It stands behind everything that the application adds, so that such a one goes first.
/// </summary>
internal sealed class DelaySchedulerFilter(IBusTopology topology) : IFilter<ConsumeContext>
{
    public Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        context.GetOrAddPayload<MessageSchedulerContext>(() =>
            new ConsumeMessageSchedulerContext(context, consumed => new MessageScheduler(new DelayedScheduleMessageProvider(consumed), topology)));
        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("delayScheduler");
}
