namespace MassTransit;

/// <summary>The Kafka record that a consume context comes from; a payload of every context on a topic endpoint.</summary>
public interface KafkaConsumeRecord
{
    /// <summary>The topic it was read from.</summary>
    string Topic { get; }

    /// <summary>The partition it was read from.</summary>
    int Partition { get; }

    /// <summary>Its offset in the partition.</summary>
    long Offset { get; }

    /// <summary>The record's timestamp.</summary>
    DateTimeOffset Timestamp { get; }

    /// <summary>Its key as it lies in the topic, or null.</summary>
    byte[]? Key { get; }

    /// <summary>Its value as it lies in the topic; null is a tombstone.</summary>
    byte[]? Value { get; }

    /// <summary>Its headers, in order; a name may occur several times.</summary>
    IReadOnlyList<KafkaHeader> RecordHeaders { get; }

    /// <summary>How often the endpoint has paused because this record met an unavailable dependency.</summary>
    int Pauses { get; }

    /// <summary>
    /// Canceled when the partition is about to be released, was lost, or the endpoint stops, never later than the handler itself:
    /// what only waits should give up now. Retry and redelivery must not handle the <see cref="OperationCanceledException"/>; see docs/rider.md.
    /// </summary>
    CancellationToken Draining { get; }
}
