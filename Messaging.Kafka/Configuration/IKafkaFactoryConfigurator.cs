using Confluent.Kafka;
using MassTransit.KafkaIntegration.Serializers;

namespace MassTransit;

/// <summary>Configures the Kafka rider: the host, the producers' defaults and the topic endpoints.</summary>
public interface IKafkaFactoryConfigurator : IRiderFactoryConfigurator, ISendObserverConnector, ISendPipelineConfigurator
{
    /// <summary>What the broker waits for before it acknowledges. Default: all in-sync replicas.</summary>
    Acks? Acks { set; }

    /// <summary>The client's name in the brokers' logs and quotas. Default: rdkafka.</summary>
    string ClientId { set; }

    /// <summary>The largest record that is produced, in bytes (<c>message.max.bytes</c>). Default: 1,000,000.</summary>
    int? MessageMaxBytes { set; }

    /// <summary>
    /// How long a record may wait for its acknowledgement, all tries together. Default: 15 s, above the 9 s after which Kafka elects new
    /// leaders in place of a broker that crashed (<c>broker.session.timeout.ms</c>).
    /// </summary>
    TimeSpan DeliveryTimeout { set; }

    /// <summary>How long the cluster may be out of reach before health turns red. Default: 5 s.</summary>
    TimeSpan UnreachableAfter { set; }

    /// <summary>
    /// How long a client may get nothing done while Kafka answers before it is given its brokers again, and after that before it is
    /// replaced: a consumer that is not a member of its group or has no partition while some have no owner, a producer whose records all
    /// time out. Default: 30 s.
    /// </summary>
    TimeSpan ReviveAfter { set; }

    /// <summary>The protocol to the brokers. Default: what <c>UseSasl</c> and <c>UseSsl</c> make of it, plain text without both.</summary>
    SecurityProtocol? SecurityProtocol { set; }

    /// <summary>Where the client is, for brokers that let it read from a replica nearby (<c>client.rack</c>). Default: none.</summary>
    string ClientRack { set; }

    /// <summary>The largest response that is accepted, in bytes. Default: 100,000,000.</summary>
    int? ReceiveMessageMaxBytes { set; }

    /// <summary>How often the cluster's topics and brokers are read again. Default: 5 min.</summary>
    TimeSpan? TopicMetadataRefreshInterval { set; }

    /// <summary>How long what is known of them holds. Default: three times <see cref="TopicMetadataRefreshInterval"/>.</summary>
    TimeSpan? MetadataMaxAge { set; }

    /// <summary>The pause before a lost connection is made again; it doubles. Default: 1 s.</summary>
    TimeSpan? ReconnectBackoff { set; }

    /// <summary>The longest such pause. Default: 10 s.</summary>
    TimeSpan? ReconnectBackoffMax { set; }

    /// <summary>Which IP addresses of a broker are tried. Default: any.</summary>
    BrokerAddressFamily? BrokerAddressFamily { set; }

    /// <summary>Which parts of librdkafka write to the log what they do, such as <c>broker,topic,msg</c>. Default: none.</summary>
    string Debug { set; }

    /// <summary>Names the cluster.</summary>
    /// <param name="servers">Bootstrap servers, <c>host:port</c> each.</param>
    /// <param name="configure">Security.</param>
    void Host(IReadOnlyList<string> servers, Action<IKafkaHostConfigurator>? configure = null);

    /// <summary>Sets the handler that fetches OAUTHBEARER tokens.</summary>
    void OAuthBearerTokenRefreshHandler(Action<IClient, string> handler);

    /// <summary>The sockets to the brokers.</summary>
    void ConfigureSocket(Action<IKafkaSocketConfigurator> configure);

    /// <summary>Sets how headers are written, where a producer does not. Default: <see cref="DictionaryHeadersSerialize.Serializer"/>.</summary>
    void SetHeadersSerializer(IHeadersSerializer serializer);

    /// <summary>Sets how headers are read, where an endpoint does not. Default: <see cref="DictionaryHeadersSerialize.Deserializer"/>.</summary>
    void SetHeadersDeserializer(IHeadersDeserializer deserializer);

    /// <summary>Sets how keys and values are written and read, where producer and endpoint do not. Default: plain JSON.</summary>
    void SetSerializationFactory(IKafkaSerializerFactory factory);

    /// <summary>Any other setting of librdkafka, for all clients: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md.</summary>
    void ConfigureClient(Action<ClientConfig> configure);

    /// <summary>Creates a topic at start, where it is missing, that only the producers of <see cref="ITopicProducerProvider"/> write to.</summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="configure">How it is created.</param>
    void CreateIfMissing(string topicName, Action<KafkaTopicOptions>? configure = null);

    /// <summary>Consumes a topic.</summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="groupId">The consumer group.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    void TopicEndpoint<TKey, TValue>(string topicName, string groupId, Action<IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class;

    /// <summary>Consumes a topic, with consumer settings of librdkafka.</summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="consumerConfig">The consumer's settings; the group is required.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    void TopicEndpoint<TKey, TValue>(string topicName, ConsumerConfig consumerConfig, Action<IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class;

    /// <summary>
    /// Consumes a topic's records as they are, whatever is in them, without deserializer or pipeline. The offset moves when the
    /// handler returns; a record whose handler throws is tried again until it succeeds, so that none is passed over.
    /// </summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="groupId">The consumer group.</param>
    /// <param name="handler">Handles a record; records of one key come one at a time and in order.</param>
    /// <param name="configure">The endpoint's settings.</param>
    void RawTopicEndpoint(string topicName, string groupId, Func<KafkaRecord, CancellationToken, Task> handler, Action<IKafkaConsumerConfigurator>? configure = null);
}
