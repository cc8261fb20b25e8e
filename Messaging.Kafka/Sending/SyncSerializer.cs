using Confluent.Kafka;

namespace Messaging.Kafka.Sending;

/// <summary>A serializer that never waits, as one that may.</summary>
internal sealed class SyncSerializer<T>(ISerializer<T> inner) : IAsyncSerializer<T>
{
    /// <summary>The serializer itself.</summary>
    public ISerializer<T> Inner { get; } = inner;

    /// <inheritdoc/>
    public Task<byte[]> SerializeAsync(T data, SerializationContext context) => Task.FromResult(Inner.Serialize(data, context));
}
