using MassTransit;

namespace Messaging.Kafka.Sending;

/// <summary>
/// The rider's producer as a scope gets it. The rider owns the producer: given to a scope itself, it would be disposed of with
/// the first scope that ends.
/// </summary>
internal sealed class RawTopicProducer(IRawTopicProducer producer) : IRawTopicProducer
{
    /// <inheritdoc/>
    public Task Produce(
        string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default) =>
        producer.Produce(topic, key, value, headers, cancellationToken);
}
