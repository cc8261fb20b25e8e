using Confluent.Kafka;
using MassTransit.KafkaIntegration.Serializers;

namespace MassTransit;

/// <summary>Configures a topic endpoint: its pipeline, as with any MassTransit receive endpoint, and how the topic is read.</summary>
public interface IKafkaTopicReceiveEndpointConfigurator : IReceiveEndpointConfigurator, IKafkaConsumerConfigurator
{
    /// <inheritdoc cref="IKafkaConsumerConfigurator.ConcurrentMessageLimit"/>
    new int? ConcurrentMessageLimit { get; set; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.PrefetchCount"/>
    new int PrefetchCount { get; set; }

    /// <summary>Where messages go that are given up or that nobody consumes. Default: the topic's name and <c>.dlt</c>.</summary>
    string DeadLetterTopic { set; }

    /// <summary>
    /// Takes what is to be a dead letter and is larger than the dead-letter topic takes, compressed too: the record as it was read, with
    /// the headers of a dead letter. When the handler returns, the record is completed; what it throws is logged, and it is called again.
    /// Default: none; the dead letter is then written without the record's value, with its size and hash.
    /// </summary>
    void OnDeadLetterTooLarge(Func<KafkaRecord, CancellationToken, Task> handler);

    /// <summary>
    /// The delays that have a topic of their own (<c>name.delay.1s</c> and so on). <c>UseDelayedRedelivery</c> and
    /// <c>SendContext.Delay</c> need at least one; any delay is made of the longest that fit, hop by hop. Default: none.
    /// </summary>
    void DelayTiers(params TimeSpan[] delays);

    /// <summary>What stands between the topic's name and a delay in a delay topic's name. Default: <c>.delay.</c></summary>
    string DelayTopicSuffix { set; }

    /// <summary>The consumer group that brings delayed records back. Default: the endpoint's group and <c>-delay</c>.</summary>
    string DelayGroup { set; }

    /// <summary>
    /// The topic whose delay topics this endpoint's delayed records wait in. Its endpoint, in this process, has the same delays, and brings
    /// the records of both back, each to its own topic. Default: none; the endpoint has delay topics of its own.
    /// </summary>
    string? DelayTopicsOf { set; }

    /// <summary>
    /// Whether what this endpoint redelivers is for its group alone (headers <c>MT-Delay-Endpoint</c> and <c>MT-Delay-Group</c>), and what
    /// other groups of the topic redeliver is passed over. False is for a topic that one group reads whose name, or whose
    /// <see cref="DelayGroup"/>'s, may change: what was delayed under the old name is then taken, too. Default: true.
    /// </summary>
    bool SeparateRedeliveries { set; }

    /// <summary>Of MassTransit's Kafka rider, for its programs to compile; it has no effect.</summary>
    [Obsolete("Has no effect: one consumer reads all partitions of an instance, and ConcurrentMessageLimit says how many handlers run beside it. Remove the setting.")]
    ushort ConcurrentConsumerLimit
    {
        set => _ = value;
    }

    /// <inheritdoc cref="ConcurrentConsumerLimit"/>
    [Obsolete("Has no effect: records of one key are handled one at a time, and those of others beside them, up to ConcurrentMessageLimit. Remove the setting.")]
    int ConcurrentDeliveryLimit
    {
        set => _ = value;
    }

    /// <inheritdoc cref="ConcurrentConsumerLimit"/>
    [Obsolete("Has no effect: offsets are stored when their records are completed, never before. Remove the setting.")]
    bool? EnableAutoOffsetStore
    {
        set => _ = value;
    }

    /// <inheritdoc cref="ConcurrentConsumerLimit"/>
    [Obsolete("Has no effect: the rider reads the ends of partitions for itself, and gives none to consumers. Remove the setting.")]
    bool? EnablePartitionEof
    {
        set => _ = value;
    }

    /// <summary>Sets how headers are read. Default: the rider's, else <see cref="DictionaryHeadersSerialize.Deserializer"/>.</summary>
    void SetHeadersDeserializer(IHeadersDeserializer deserializer);
}

/// <inheritdoc/>
/// <typeparam name="TKey">The type of the records' key.</typeparam>
/// <typeparam name="TValue">The message type.</typeparam>
public interface IKafkaTopicReceiveEndpointConfigurator<TKey, TValue> : IKafkaTopicReceiveEndpointConfigurator
    where TValue : class
{
    /// <summary>Sets how <c>context.GetKey&lt;TKey&gt;()</c> reads keys. Default: as Kafka's own clients write them, JSON for other types.</summary>
    void SetKeyDeserializer(IDeserializer<TKey> deserializer);

    /// <summary>
    /// Sets how values are read, whatever the record's headers say of their content. It is called for a tombstone, too (<c>isNull</c>):
    /// one that returns null or throws sends the record to the dead-letter topic. Default: plain JSON or MassTransit's envelope, by the
    /// <c>Content-Type</c> header.
    /// </summary>
    void SetValueDeserializer(IDeserializer<TValue> deserializer);
}
