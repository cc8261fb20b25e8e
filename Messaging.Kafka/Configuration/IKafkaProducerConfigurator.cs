using Confluent.Kafka;
using MassTransit.KafkaIntegration.Serializers;

namespace MassTransit;

/// <summary>
/// Configures a topic's producer. Producers share one Kafka client; one for which any client setting is made here, or by a
/// <see cref="ProducerConfig"/>, has a client of its own. Every client is idempotent and waits for all in-sync replicas.
/// </summary>
public interface IKafkaProducerConfigurator : ISendObserverConnector, ISendPipelineConfigurator
{
    /// <summary>How long records are gathered into a batch. Default: 5 ms.</summary>
    TimeSpan? Linger { set; }

    /// <summary>How many records a batch takes (<c>batch.num.messages</c>). Default: 10,000.</summary>
    int? BatchNumMessages { set; }

    /// <summary>How batches are compressed. Default: not.</summary>
    CompressionType? CompressionType { set; }

    /// <summary>How hard; the range is the compression's own. Default: -1, the compression's default.</summary>
    int? CompressionLevel { set; }

    /// <summary>How long a record may wait for its acknowledgement, all tries together. Default: the rider's <c>DeliveryTimeout</c>, 15 s.</summary>
    TimeSpan? MessageTimeout { set; }

    /// <summary>How long a broker may take to answer one request. Default: 30 s, and never longer than <see cref="MessageTimeout"/>.</summary>
    TimeSpan? RequestTimeout { set; }

    /// <summary>The pause before a request is tried again. Default: 100 ms.</summary>
    TimeSpan? RetryBackoff { set; }

    /// <summary>How often a record is sent again, within <see cref="MessageTimeout"/>. Default: without limit.</summary>
    int? MessageSendMaxRetries { set; }

    /// <summary>Which partition a key goes to. Default: murmur2-random, as Java's clients have it.</summary>
    Partitioner? Partitioner { set; }

    /// <summary>How many records may wait for their acknowledgement before callers are held back. Default: 100,000.</summary>
    int? QueueBufferingMaxMessages { set; }

    /// <summary>How many kilobytes of records may. Default: 1,048,576 (1 GiB).</summary>
    int? QueueBufferingMaxKbytes { set; }

    /// <summary>How many requests may be unsent before batches are left to grow. Default: 1.</summary>
    int? QueueBufferingBackpressureThreshold { set; }

    /// <summary>Creates the topic at start where it is missing.</summary>
    void CreateIfMissing(Action<KafkaTopicOptions>? configure = null);

    /// <summary>Sets how headers are written. Default: the rider's, else text under the names of MassTransit's Kafka rider.</summary>
    void SetHeadersSerializer(IHeadersSerializer serializer);
}

/// <inheritdoc/>
/// <typeparam name="TKey">The type of the records' key.</typeparam>
/// <typeparam name="TValue">The message type.</typeparam>
public interface IKafkaProducerConfigurator<TKey, TValue> : IKafkaProducerConfigurator
    where TValue : class
{
    /// <summary>Sets how keys are written. Default: as Kafka's own clients do, a Guid as text, JSON for other types.</summary>
    void SetKeySerializer(IAsyncSerializer<TKey> serializer);

    /// <summary>Sets how values are written. Default: plain JSON, without an envelope.</summary>
    void SetValueSerializer(IAsyncSerializer<TValue> serializer);
}
