using System.Runtime.Serialization;
using System.Text;
using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// A record's value as MassTransit's body. A value that is missing (a tombstone) or empty is not a message. MassTransit's deserializers
/// take one for an empty object, which would make a message of nothing; here it cannot be read, and goes to the dead-letter topic.
/// </summary>
internal sealed class RecordBody(ConsumeResult<byte[]?, byte[]?> result) : MessageBody
{
    /// <summary>The topic it was read from.</summary>
    public string Topic => result.Topic;

    /// <summary>The value; null is a tombstone.</summary>
    public byte[]? Value => result.Message.Value;

    /// <summary>The record's headers.</summary>
    public Confluent.Kafka.Headers Headers => result.Message.Headers ?? [];

    /// <inheritdoc/>
    public long? Length => Value?.Length;

    /// <inheritdoc/>
    public byte[] GetBytes() => Value is { Length: > 0 } value
        ? value
        : throw new SerializationException(Value is null ? "The record has no value (a tombstone)." : "The record's value is empty.");

    /// <inheritdoc/>
    public Stream GetStream() => new MemoryStream(GetBytes(), writable: false);

    /// <inheritdoc/>
    public string GetString() => Encoding.UTF8.GetString(GetBytes());
}
