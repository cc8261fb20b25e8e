namespace MassTransit;

/// <summary>
/// Where the message of a consume context lies, under the name that MassTransit's Kafka rider has for it; a payload of every context on a
/// topic endpoint. <see cref="KafkaConsumeRecord"/> has the record itself.
/// </summary>
public interface KafkaConsumeContext
{
    /// <summary>The consumer group that reads it.</summary>
    string GroupId { get; }

    /// <summary>The topic it was read from.</summary>
    string Topic { get; }

    /// <summary>The partition it was read from.</summary>
    int Partition { get; }

    /// <summary>Its offset in the partition.</summary>
    long Offset { get; }

    /// <summary>Always false: the end of a partition is not a message.</summary>
    bool IsPartitionEof { get; }

    /// <summary>The record's timestamp, UTC.</summary>
    DateTime CheckpointUtcDateTime { get; }
}

/// <inheritdoc/>
/// <typeparam name="TKey">The key type of the endpoint.</typeparam>
public interface KafkaConsumeContext<out TKey> : KafkaConsumeContext
{
    /// <summary>The record's key, read as the endpoint was told to; default where it has none.</summary>
    TKey? Key { get; }
}
