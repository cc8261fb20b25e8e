using Confluent.Kafka;
using Messaging.Kafka.Wire;

namespace MassTransit;

/// <summary>A Kafka record as it lies in its topic.</summary>
public sealed class KafkaRecord
{
    /// <summary>The topic it was read from.</summary>
    public required string Topic { get; init; }

    /// <summary>The partition it was read from.</summary>
    public required int Partition { get; init; }

    /// <summary>Its offset in the partition.</summary>
    public required long Offset { get; init; }

    /// <summary>The record's timestamp, UTC, in milliseconds; the nearest time where it lies beyond the years 1 to 9999.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Its key, or null.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Its value; null is a tombstone.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Its headers, in order; a name may occur several times.</summary>
    public required IReadOnlyList<KafkaHeader> Headers { get; init; }

    /// <summary>The record with other headers.</summary>
    internal KafkaRecord With(IReadOnlyList<KafkaHeader> headers) => new()
    {
        Topic = Topic,
        Partition = Partition,
        Offset = Offset,
        Timestamp = Timestamp,
        Key = Key,
        Value = Value,
        Headers = headers,
    };

    /// <summary>The record that the client has read.</summary>
    internal static KafkaRecord From(ConsumeResult<byte[]?, byte[]?> result) => new()
    {
        Topic = result.Topic,
        Partition = result.Partition.Value,
        Offset = result.Offset.Value,
        Timestamp = RecordNumbers.Time(result.Message.Timestamp),
        Key = result.Message.Key,
        Value = result.Message.Value,
        Headers = KafkaHeaders.FromClient(result.Message.Headers),
    };
}
