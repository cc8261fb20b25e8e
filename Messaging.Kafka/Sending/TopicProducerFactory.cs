using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;
using Messaging.Kafka.Configuration;

namespace Messaging.Kafka.Sending;

/// <summary>Makes the producers of all topics, each on its first use: as the application has added it, or with the defaults.</summary>
/// <param name="host">What all share.</param>
/// <param name="address">The address that messages say they come from.</param>
/// <param name="configured">The producers that the application has added.</param>
/// <param name="topics">The topics that it has asked for without adding a producer.</param>
/// <param name="sendPipe">The filters of those that it has not.</param>
/// <param name="serializers">The application's own default serializers, or null.</param>
internal sealed class TopicProducerFactory(
    KafkaHost host, Uri address, IReadOnlyList<ConfiguredProducer> configured, IReadOnlyList<RequiredTopic> topics, ISendPipe sendPipe, IKafkaSerializerFactory? serializers)
{
    private readonly ConcurrentDictionary<(string Topic, Type Key, Type Value), Lazy<object>> _producers = [];

    /// <summary>The topics that producers create where they are missing.</summary>
    public IEnumerable<RequiredTopic> Topics => configured.Select(producer => producer.Topic).OfType<RequiredTopic>().Concat(topics);

    /// <summary>The producer of a topic.</summary>
    public TopicProducer<TKey, TValue> Get<TKey, TValue>(string topic)
        where TValue : class =>
        (TopicProducer<TKey, TValue>)_producers.GetOrAdd((topic, typeof(TKey), typeof(TValue)), key => new Lazy<object>(() => Create<TKey, TValue>(key))).Value;

    private TopicProducer<TKey, TValue> Create<TKey, TValue>((string Topic, Type Key, Type Value) key)
        where TValue : class
    {
        var specification = configured.FirstOrDefault(producer => producer.Key == key)?.Specification as ProducerSpecification<TKey, TValue>;
        var producer = new TopicProducer<TKey, TValue>(
            host.CreateWriter(key.Topic, specification?.OwnClient, specification?.HeadersSerializer, isProducer: true),
            specification?.SendPipe ?? sendPipe,
            new RecordSerializers<TKey, TValue>(
                specification?.KeySerializer ?? DefaultKeySerializer<TKey>(),
                specification?.ValueSerializer ?? serializers?.GetSerializer<TValue>(),
                specification?.ValueSerializer is null ? serializers?.ContentType : null),
            address);
        foreach (var observer in specification?.Observers ?? [])
            producer.ConnectSendObserver(observer);
        return producer;
    }

    private IAsyncSerializer<TKey>? DefaultKeySerializer<TKey>()
    {
        if (typeof(TKey) == typeof(Null) || typeof(TKey) == typeof(Ignore))
            return null;
        return serializers?.GetSerializer<TKey>() ?? new SyncSerializer<TKey>(KeySerializers.For<TKey>()!);
    }
}
