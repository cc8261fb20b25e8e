using Confluent.Kafka;

namespace MassTransit;

/// <summary>Configures a topic's producer.</summary>
public interface IKafkaProducerConfigurator : ISendObserverConnector, ISendPipelineConfigurator
{
    /// <summary>Creates the topic at start where it is missing.</summary>
    void CreateIfMissing(Action<KafkaTopicOptions>? configure = null);
}

/// <inheritdoc/>
/// <typeparam name="TKey">The type of the records' key.</typeparam>
/// <typeparam name="TValue">The message type.</typeparam>
public interface IKafkaProducerConfigurator<TKey, TValue> : IKafkaProducerConfigurator
    where TValue : class
{
    /// <summary>Sets how keys are written. Default: as Kafka's own clients do, JSON for other types.</summary>
    void SetKeySerializer(ISerializer<TKey> serializer);

    /// <summary>Sets how values are written. Default: plain JSON, without an envelope.</summary>
    void SetValueSerializer(ISerializer<TValue> serializer);
}
