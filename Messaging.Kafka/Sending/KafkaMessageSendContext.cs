using Confluent.Kafka;
using MassTransit;
using MassTransit.Context;

namespace Messaging.Kafka.Sending;

/// <inheritdoc cref="KafkaSendContext{TKey, T}"/>
internal sealed class KafkaMessageSendContext<TKey, T>(TKey key, T message, CancellationToken cancellationToken)
    : MessageSendContext<T>(message, cancellationToken), KafkaSendContext<TKey, T>
    where T : class
{
    /// <inheritdoc/>
    public TKey Key { get; set; } = key;

    /// <inheritdoc/>
    public Partition Partition { get; set; } = Partition.Any;
}
