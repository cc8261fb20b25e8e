using Confluent.Kafka;

namespace MassTransit;

/// <summary>The send context of a record on its way to a Kafka topic.</summary>
public interface KafkaSendContext : SendContext
{
    /// <summary>The partition to write to; <see cref="Partition.Any"/> (the default) lets the key decide.</summary>
    Partition Partition { get; set; }
}

/// <inheritdoc cref="KafkaSendContext"/>
/// <typeparam name="T">The message type.</typeparam>
public interface KafkaSendContext<T> : SendContext<T>, KafkaSendContext
    where T : class
{
    /// <summary>
    /// Writes this record's value; null (the default) leaves it to the endpoint's serializer, plain JSON. One that returns null or no
    /// bytes makes the record a tombstone.
    /// </summary>
    IAsyncSerializer<T>? ValueSerializer { get; set; }
}

/// <inheritdoc cref="KafkaSendContext"/>
/// <typeparam name="TKey">The type of the record's key.</typeparam>
/// <typeparam name="T">The message type.</typeparam>
public interface KafkaSendContext<TKey, T> : KafkaSendContext<T>
    where T : class
{
    /// <summary>The record's key.</summary>
    TKey Key { get; set; }

    /// <summary>Writes this record's key; null writes none.</summary>
    IAsyncSerializer<TKey>? KeySerializer { get; set; }
}
