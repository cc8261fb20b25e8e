using Confluent.Kafka;
using MassTransit;
using MassTransit.Context;

namespace Messaging.Kafka.Sending;

/// <summary>What a send context gives for the record that it becomes.</summary>
internal interface IRecordSource
{
    /// <summary>The partition, or <see cref="Partition.Any"/>.</summary>
    Partition Partition { get; }

    /// <summary>The value by MassTransit's serializer; only where not <see cref="HasValueSerializer"/>.</summary>
    MessageBody Body { get; }

    /// <summary>The key's bytes, or null.</summary>
    ValueTask<byte[]?> SerializeKey(string topic, Confluent.Kafka.Headers headers);

    /// <summary>The value's bytes by the application's own serializer, or null; only where <see cref="HasValueSerializer"/>.</summary>
    ValueTask<byte[]?> SerializeValue(string topic, Confluent.Kafka.Headers headers);

    /// <summary>Whether the application has a serializer of its own for the value.</summary>
    bool HasValueSerializer { get; }
}

/// <inheritdoc cref="KafkaSendContext{TKey, T}"/>
internal sealed class KafkaMessageSendContext<TKey, T>(TKey key, T message, CancellationToken cancellationToken)
    : MessageSendContext<T>(message, cancellationToken), KafkaSendContext<TKey, T>, IRecordSource
    where T : class
{
    /// <inheritdoc/>
    public TKey Key { get; set; } = key;

    /// <inheritdoc/>
    public Partition Partition { get; set; } = Partition.Any;

    /// <inheritdoc/>
    public IAsyncSerializer<TKey>? KeySerializer { get; set; }

    /// <inheritdoc/>
    public IAsyncSerializer<T>? ValueSerializer { get; set; }

    /// <inheritdoc/>
    public bool HasValueSerializer => ValueSerializer is not null;

    /// <inheritdoc/>
    public ValueTask<byte[]?> SerializeKey(string topic, Confluent.Kafka.Headers headers) =>
        Key is null || KeySerializer is null
            ? new ValueTask<byte[]?>(Key as byte[])
            : Serialize(KeySerializer, Key, new SerializationContext(MessageComponentType.Key, topic, headers));

    /// <inheritdoc/>
    public async ValueTask<byte[]?> SerializeValue(string topic, Confluent.Kafka.Headers headers)
    {
        // No bytes mean no value: what an application returns to write a tombstone.
        var bytes = await Serialize(ValueSerializer!, Message, new SerializationContext(MessageComponentType.Value, topic, headers));
        return bytes is { Length: > 0 } ? bytes : null;
    }

    private static ValueTask<byte[]?> Serialize<TData>(IAsyncSerializer<TData> serializer, TData data, SerializationContext context) =>
        serializer is SyncSerializer<TData> sync
            ? new ValueTask<byte[]?>(sync.Inner.Serialize(data, context))
            : new ValueTask<byte[]?>(serializer.SerializeAsync(data, context)!);
}
