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
public interface KafkaSendContext<out T> : SendContext<T>, KafkaSendContext
    where T : class;

/// <inheritdoc cref="KafkaSendContext"/>
/// <typeparam name="TKey">The type of the record's key.</typeparam>
/// <typeparam name="T">The message type.</typeparam>
public interface KafkaSendContext<TKey, out T> : KafkaSendContext<T>
    where T : class
{
    /// <summary>The record's key.</summary>
    TKey Key { get; set; }
}
