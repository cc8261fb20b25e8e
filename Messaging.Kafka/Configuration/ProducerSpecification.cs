using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Transports;
using MassTransit.Util;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Configuration;

/// <summary>What an application configures for the producer of a topic.</summary>
internal sealed class ProducerSpecification<TKey, TValue>(string topic, SendPipeConfiguration send) : IKafkaProducerConfigurator<TKey, TValue>
    where TValue : class
{
    private readonly List<ISendObserver> _observers = [];

    public ISerializer<TKey>? KeySerializer { get; private set; }

    public ISerializer<TValue>? ValueSerializer { get; private set; }

    public KafkaTopicOptions? TopicOptions { get; private set; }

    public RequiredTopic? Topic => TopicOptions is null ? null : new RequiredTopic(topic, TopicOptions);

    public ISendPipe SendPipe { get => field ??= send.CreatePipe(); }

    public void CreateIfMissing(Action<KafkaTopicOptions>? configure = null)
    {
        TopicOptions = new KafkaTopicOptions();
        configure?.Invoke(TopicOptions);
    }

    public void SetKeySerializer(ISerializer<TKey> serializer) => KeySerializer = serializer;

    public void SetValueSerializer(ISerializer<TValue> serializer) => ValueSerializer = serializer;

    public void ConfigureSend(Action<ISendPipeConfigurator> callback) => callback(send.Configurator);

    public ConnectHandle ConnectSendObserver(ISendObserver observer)
    {
        _observers.Add(observer);
        return new EmptyConnectHandle();
    }

    public void Connect(TopicProducer<TKey, TValue> producer)
    {
        foreach (var observer in _observers)
            producer.ConnectSendObserver(observer);
    }
}
