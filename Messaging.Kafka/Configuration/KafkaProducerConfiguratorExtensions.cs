using Confluent.Kafka;
using Messaging.Kafka.Sending;

namespace MassTransit;

/// <summary>Serializers that never wait.</summary>
public static class KafkaProducerConfiguratorExtensions
{
    /// <summary>Sets how keys are written.</summary>
    public static void SetKeySerializer<TKey, TValue>(this IKafkaProducerConfigurator<TKey, TValue> configurator, ISerializer<TKey> serializer)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(configurator);
        configurator.SetKeySerializer(serializer.AsAsyncOverSync());
    }

    /// <summary>Sets how values are written.</summary>
    public static void SetValueSerializer<TKey, TValue>(this IKafkaProducerConfigurator<TKey, TValue> configurator, ISerializer<TValue> serializer)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(configurator);
        configurator.SetValueSerializer(serializer.AsAsyncOverSync());
    }

    /// <summary>A serializer that never waits, as one that may.</summary>
    public static IAsyncSerializer<T> AsAsyncOverSync<T>(this ISerializer<T> serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        return new SyncSerializer<T>(serializer);
    }
}
