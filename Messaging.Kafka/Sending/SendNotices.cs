using MassTransit;
using MassTransit.Observables;
using MassTransit.Util;

namespace Messaging.Kafka.Sending;

/// <summary>
/// Who is told of what is sent to a topic: observers of the topic, of the rider, and of the bus. They are not connected to one another:
/// that would cost every message.
/// </summary>
/// <param name="topic">The topic's.</param>
/// <param name="rider">The rider's.</param>
/// <param name="bus">The bus's; null where it has connected them to the topic's itself, as it does for what endpoints send.</param>
internal sealed class SendNotices(SendObservable topic, SendObservable rider, ISendObserver? bus) : ISendObserver
{
    /// <summary>Whether anybody looks on.</summary>
    public bool Any => topic.Count > 0 || rider.Count > 0 || bus is not (null or Connectable<ISendObserver> { Count: 0 });

    /// <inheritdoc/>
    public async Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        await topic.PreSend(context);
        await rider.PreSend(context);
        await (bus?.PreSend(context) ?? Task.CompletedTask);
    }

    /// <inheritdoc/>
    public async Task PostSend<T>(SendContext<T> context)
        where T : class
    {
        await topic.PostSend(context);
        await rider.PostSend(context);
        await (bus?.PostSend(context) ?? Task.CompletedTask);
    }

    /// <inheritdoc/>
    public async Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class
    {
        await topic.SendFault(context, exception);
        await rider.SendFault(context, exception);
        await (bus?.SendFault(context, exception) ?? Task.CompletedTask);
    }
}
