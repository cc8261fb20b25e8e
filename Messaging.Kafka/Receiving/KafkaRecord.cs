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

    /// <summary>The record's timestamp (milliseconds since 1970, UTC).</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Its key, or null.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Its value; null is a tombstone.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Its headers, in order; a name may occur several times.</summary>
    public required IReadOnlyList<KafkaHeader> Headers { get; init; }

    /// <summary>The record that the client has read.</summary>
    internal static KafkaRecord From(ConsumeResult<byte[]?, byte[]?> result) => new()
    {
        Topic = result.Topic,
        Partition = result.Partition.Value,
        Offset = result.Offset.Value,
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(result.Message.Timestamp.UnixTimestampMs),
        Key = result.Message.Key,
        Value = result.Message.Value,
        Headers = KafkaHeaders.FromClient(result.Message.Headers),
    };
}
