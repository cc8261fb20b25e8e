using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;
using MassTransit.Util;

namespace Messaging.Kafka.Configuration;

/// <summary>What an application configures for the producer of a topic.</summary>
internal sealed class ProducerSpecification<TKey, TValue>(string topic, ProducerConfig config, SendPipeConfiguration send)
    : IKafkaProducerConfigurator<TKey, TValue>, ISpecification
    where TValue : class
{
    private readonly List<ISendObserver> _observers = [];

    public ISendPipe SendPipe { get => field ??= send.CreatePipe(); }

    public IAsyncSerializer<TKey>? KeySerializer { get; private set; }

    public IAsyncSerializer<TValue>? ValueSerializer { get; private set; }

    public IHeadersSerializer? HeadersSerializer { get; private set; }

    public KafkaTopicOptions? TopicOptions { get; private set; }

    public IReadOnlyList<ISendObserver> Observers => _observers;

    /// <summary>The settings for a client of its own, or null where it has none and shares the rider's.</summary>
    public ProducerConfig? OwnClient => config.Any() ? config : null;

    public RequiredTopic? Topic => TopicOptions is null ? null : new RequiredTopic(topic, TopicOptions, TopicUse.Write, Retention: TopicOptions.Retention);

    public TimeSpan? Linger
    {
        set => config.LingerMs = value?.TotalMilliseconds;
    }

    public int? BatchNumMessages
    {
        set => config.BatchNumMessages = value;
    }

    public CompressionType? CompressionType
    {
        set => config.CompressionType = value;
    }

    public int? CompressionLevel
    {
        set => config.CompressionLevel = value;
    }

    public TimeSpan? MessageTimeout
    {
        set => config.MessageTimeoutMs = value.ToMilliseconds();
    }

    public TimeSpan? RequestTimeout
    {
        set => config.RequestTimeoutMs = value.ToMilliseconds();
    }

    public TimeSpan? RetryBackoff
    {
        set => config.RetryBackoffMs = value.ToMilliseconds();
    }

    public int? MessageSendMaxRetries
    {
        set => config.MessageSendMaxRetries = value;
    }

    public Partitioner? Partitioner
    {
        set => config.Partitioner = value;
    }

    public int? QueueBufferingMaxMessages
    {
        set => config.QueueBufferingMaxMessages = value;
    }

    public int? QueueBufferingMaxKbytes
    {
        set => config.QueueBufferingMaxKbytes = value;
    }

    public int? QueueBufferingBackpressureThreshold
    {
        set => config.QueueBufferingBackpressureThreshold = value;
    }

    public void CreateIfMissing(Action<KafkaTopicOptions>? configure = null) => TopicOptions = KafkaTopicOptions.Configured(configure);

    public void SetKeySerializer(IAsyncSerializer<TKey> serializer) => KeySerializer = serializer;

    public void SetValueSerializer(IAsyncSerializer<TValue> serializer) => ValueSerializer = serializer;

    public void SetHeadersSerializer(IHeadersSerializer serializer) => HeadersSerializer = serializer;

    public void ConfigureSend(Action<ISendPipeConfigurator> callback) => callback(send.Configurator);

    public ConnectHandle ConnectSendObserver(ISendObserver observer)
    {
        _observers.Add(observer);
        return new EmptyConnectHandle();
    }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate()
    {
        if (TopicNames.Problem(topic) is { } wrongName)
            yield return this.Failure("Topic", wrongName);
        foreach (var (key, message) in ProducerRules.Validate(config).Concat(TopicOptions?.Validate() ?? []))
            yield return this.Failure(key, message);
    }
}
