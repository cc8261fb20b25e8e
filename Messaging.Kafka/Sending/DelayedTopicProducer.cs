using MassTransit;

namespace Messaging.Kafka.Sending;

/// <inheritdoc cref="IDelayedTopicProducer"/>
internal sealed class DelayedTopicProducer(Func<string, TopicWriter> writers) : IDelayedTopicProducer
{
    /// <inheritdoc/>
    public Task ProduceAt(
        string topic, DateTimeOffset due, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default) =>
        writers(topic).WriteAt(due, key, value, headers, cancellationToken);
}
