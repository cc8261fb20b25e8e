namespace MassTransit;

/// <summary>A header of a Kafka record: a name, which may occur several times, and bytes.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="Value">Its bytes; null is a value of its own in Kafka.</param>
public readonly record struct KafkaHeader(string Name, byte[]? Value);

/// <summary>Writes records byte for byte, without serializer or send pipe: what a replay of a dead letter needs.</summary>
public interface IRawTopicProducer
{
    /// <summary>Produces a record; completes when the broker has acknowledged it.</summary>
    /// <param name="topic">The topic to write to.</param>
    /// <param name="key">The record's key, or null.</param>
    /// <param name="value">The record's value; null is a tombstone.</param>
    /// <param name="headers">The record's headers, in order.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default);
}
