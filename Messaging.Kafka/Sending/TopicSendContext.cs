using MassTransit;
using MassTransit.Configuration;
using MassTransit.Transports;

namespace Messaging.Kafka.Sending;

/// <summary>What MassTransit wants to know of a topic that is sent to: names for activities, observers, serialization.</summary>
internal sealed class TopicSendContext(IHostConfiguration host, ISerialization serialization, string topic)
    : BaseSendTransportContext(host, serialization)
{
    /// <inheritdoc/>
    public override string EntityName => topic;

    /// <inheritdoc/>
    public override string ActivitySystem => "kafka";

    /// <summary>Makes the send context of a message without a key; an outbox calls this and sends it later.</summary>
    public override async Task<SendContext<T>> CreateSendContext<T>(T message, IPipe<SendContext<T>> pipe, CancellationToken cancellationToken)
    {
        var context = new KafkaMessageSendContext<byte[]?, T>(null, message, cancellationToken) { Serialization = Serialization };
        await pipe.Send(context);
        return context;
    }
}
