using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>What all endpoints and producers of a rider share: the clients, the producer, and one writer a topic.</summary>
internal sealed class KafkaHost : IDisposable
{
    private readonly IBusInstance _bus;
    private readonly ISerialization _serialization;
    private readonly ConcurrentDictionary<string, TopicWriter> _writers = [];
    private readonly ConcurrentDictionary<string, DelayTiers> _tiers = [];

    public KafkaHost(IBusInstance bus, KafkaClientFactory clients, ProducerConfig producerConfig, TimeProvider time, KafkaRiderMetrics metrics, ILoggerFactory loggers)
    {
        _bus = bus;
        Clients = clients;
        Time = time;
        Loggers = loggers;
        Metrics = metrics;
        Producer = new KafkaProducer(producerConfig, clients, time, metrics, loggers.CreateLogger<KafkaProducer>());

        var serialization = new SerializationConfiguration();
        serialization.AddSerializer(PlainJsonSerializer.Instance);
        _serialization = serialization.CreateSerializerCollection();
    }

    public KafkaClientFactory Clients { get; }

    public KafkaProducer Producer { get; }

    public TimeProvider Time { get; }

    public ILoggerFactory Loggers { get; }

    public KafkaRiderMetrics Metrics { get; }

    public HandOverHealth HandOvers { get; } = new();

    /// <summary>The observers of everything that the rider sends.</summary>
    public required ISendObserver SendObservers { get; init; }

    /// <summary>Names the delay topics of a topic, before anything is sent to it.</summary>
    public void UseTiers(DelayTiers tiers) => _tiers[tiers.Topic] = tiers;

    /// <summary>The writer of a topic.</summary>
    public TopicWriter Writer(string topic) => _writers.GetOrAdd(topic, static (name, host) => host.CreateWriter(name), this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Producer.Dispose();
        Metrics.Dispose();
    }

    private TopicWriter CreateWriter(string topic)
    {
        var context = new TopicSendContext(_bus.HostConfiguration, _serialization, topic);
        context.ConnectSendObserver(SendObservers);
        return new TopicWriter(Producer, context, _tiers.GetValueOrDefault(topic), HandOvers.Report, Time, Metrics);
    }
}
