using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Observables;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>What all endpoints and producers of a rider share: the clients, the producer, and one writer a topic for what endpoints send.</summary>
internal sealed class KafkaHost
{
    /// <summary>The largest <c>message.max.bytes</c> that librdkafka takes.</summary>
    private const int LargestMessage = 1_000_000_000;

    private readonly IBusInstance _bus;
    private readonly ISerialization _serialization;
    private readonly ProducerConfig _producerConfig;
    private readonly List<KafkaProducer> _ownProducers = [];
    private readonly Lazy<KafkaProducer> _compressing;
    private readonly ConcurrentDictionary<string, TopicWriter> _writers = [];
    private readonly Lock _tiersLock = new();
    private volatile DelayTiers[] _tiers = [];
    private bool _stopped;

    public KafkaHost(
        IBusInstance bus, KafkaClientFactory clients, ClusterMonitor cluster, TimeSpan reviveAfter, ProducerConfig producerConfig, TimeProvider timeProvider,
        KafkaRiderMetrics metrics, ILoggerFactory loggers)
    {
        _bus = bus;
        _producerConfig = producerConfig;
        Clients = clients;
        Cluster = cluster;
        ReviveAfter = reviveAfter;
        Time = timeProvider;
        Loggers = loggers;
        Metrics = metrics;
        FailingPartitions = new FailingPartitions(timeProvider);
        Producer = WithAlone(producerConfig);
        _compressing = new(() => Alone(new ProducerConfig { CompressionType = CompressionType.Zstd, MessageMaxBytes = LargestMessage }));
        Onward = new OnwardProducer(Producer, _compressing);

        var serialization = new SerializationConfiguration();
        serialization.AddSerializer(PlainJsonSerializer.Instance);
        _serialization = serialization.CreateSerializerCollection();
    }

    public KafkaClientFactory Clients { get; }

    /// <summary>Whether Kafka answers.</summary>
    public ClusterMonitor Cluster { get; }

    /// <inheritdoc cref="IKafkaFactoryConfigurator.ReviveAfter"/>
    public TimeSpan ReviveAfter { get; }

    /// <summary>Looks at the topics.</summary>
    public required TopicWatch Topics { get; init; }

    public KafkaProducer Producer { get; }

    /// <summary>Writes on what lies in Kafka already.</summary>
    public OnwardProducer Onward { get; }

    public TimeProvider Time { get; }

    public ILoggerFactory Loggers { get; }

    public KafkaRiderMetrics Metrics { get; }

    /// <summary>The topics to which dead letters or delayed records cannot be written now.</summary>
    public FailingTopics FailingTopics { get; } = new();

    /// <summary>The partitions that records could not be written to of late.</summary>
    public FailingPartitions FailingPartitions { get; }

    /// <summary>The observers of everything that the rider sends.</summary>
    public required SendObservable SendObservers { get; init; }

    /// <summary>Writes headers for all that has no serializer of its own for them; null: the rider's own.</summary>
    public IHeadersSerializer? HeadersSerializer { get; init; }

    /// <summary>Notes the delay topics of an endpoint, so that what is sent to its topic may be delayed.</summary>
    public void UseTiers(DelayTiers tiers)
    {
        lock (_tiersLock)
            _tiers = [.. _tiers, tiers];
    }

    /// <summary>Forgets the delay topics of an endpoint that is gone.</summary>
    public void ForgetTiers(DelayTiers tiers)
    {
        lock (_tiersLock)
            _tiers = [.. _tiers.Where(other => other != tiers)];
    }

    /// <summary>Whether records of a topic wait in tiers that are named after another one.</summary>
    public bool UsesTiersOf(string topic, string owner) => Array.Exists(_tiers, tiers => tiers.Topic == topic && tiers.Owner == owner);

    /// <summary>Settles which group brings an endpoint's records back from its tiers, once the other endpoints are known.</summary>
    /// <exception cref="ConfigurationException">There are tiers that nobody reads: those of another topic that no endpoint has.</exception>
    public void SettleTiers(KafkaEndpoint endpoint)
    {
        if (endpoint.Tiers is not { } tiers)
            return;
        var owner = tiers.AreAnothers ? OwnersOf(tiers) : tiers;
        if (owner is null)
        {
            throw new ConfigurationException(
                $"The endpoint of topic {tiers.Topic} has DelayTopicsOf {tiers.Owner}, and no endpoint of that topic brings records back from {string.Join(", ", tiers.All.Select(tier => tier.Topic))}: configure one with the same DelayTiers.");
        }

        tiers.Forwarder = tiers.Endpoint is null ? null : owner.DelayGroup;
    }

    /// <summary>The tiers of the topic that others are named after: of the same group, where that has some.</summary>
    private DelayTiers? OwnersOf(DelayTiers tiers) => _tiers
        .Where(owner => owner.Topic == tiers.Owner && !owner.AreAnothers && !tiers.All.Except(owner.All).Any())
        .OrderByDescending(owner => owner.Group == tiers.Group).FirstOrDefault();

    /// <summary>The writer of a topic.</summary>
    public TopicWriter Writer(string topic) => _writers.GetOrAdd(topic, static (name, host) => host.CreateWriter(name), this);

    /// <summary>A writer of its own to a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="config">The settings of a Kafka client of its own, over the shared ones; null: it shares the rider's client.</param>
    /// <param name="headers">Writes its headers; null: as all others.</param>
    /// <param name="isProducer">Whether it is a producer's, of which the bus does not know, and not an endpoint's.</param>
    public TopicWriter CreateWriter(string topic, ProducerConfig? config = null, IHeadersSerializer? headers = null, bool isProducer = false)
    {
        var context = new TopicSendContext(_bus.HostConfiguration, _serialization, topic);
        var producer = config is null ? Producer : Own(WithAlone(Over(config)));
        var onward = config is null ? Onward : new OnwardProducer(producer, _compressing);
        var observers = new SendNotices(context.SendObservers, SendObservers, isProducer ? _bus.HostConfiguration.SendObservers : null);
        return new TopicWriter(producer, onward, context, observers, () => Array.Find(_tiers, tiers => tiers.Topic == topic), headers ?? HeadersSerializer, Time, Metrics);
    }

    /// <summary>The log of an endpoint.</summary>
    public ILogger LoggerOf(string topic) => Loggers.CreateLogger("MassTransit.Kafka." + topic);

    /// <summary>The circuits of an endpoint that pauses, else null.</summary>
    public PauseCircuits? CreateCircuits(ConsumerSettings settings)
    {
        return settings.Pause is { } pause ? new PauseCircuits(pause, Create) : null;

        PauseCircuit Create(string? lane)
        {
            var name = lane is null ? settings.Name : $"{settings.Name}, for {lane},";
            var circuit = new PauseCircuit(pause, name, Time, () => Metrics.Paused(settings.Topics[0], settings.Group, lane), LoggerOf(settings.Topics[0]));
            Metrics.Watch(circuit, settings.Topics[0], settings.Group, lane);
            return circuit;
        }
    }

    /// <summary>Begins to ask the cluster, and takes records.</summary>
    public void Start()
    {
        FailingTopics.Clear();
        Cluster.Start();
        Topics.Start();
        lock (_ownProducers)
            _stopped = false;
        foreach (var producer in Producers)
            producer.Open();
    }

    /// <summary>Sends what the producers have taken, and closes all clients.</summary>
    public async Task Stop()
    {
        await Topics.Stop();
        await Cluster.Stop();
        lock (_ownProducers)
            _stopped = true;
        await Task.Run(() => Parallel.ForEach(Producers, static producer => producer.Close()), CancellationToken.None);
    }

    private List<KafkaProducer> Producers
    {
        get
        {
            lock (_ownProducers)
                return [.. _ownProducers, Producer];
        }
    }

    /// <summary>The shared settings with others over them.</summary>
    private ProducerConfig Over(ProducerConfig config)
    {
        var settings = _producerConfig.ToDictionary(setting => setting.Key, setting => setting.Value);
        foreach (var (key, value) in config)
            settings[key] = value;
        return new ProducerConfig(settings);
    }

    private KafkaProducer WithAlone(ProducerConfig config) => new(config, this, new Lazy<KafkaProducer>(() => Alone(config)));

    /// <summary>One that sends each record in a batch of its own.</summary>
    private KafkaProducer Alone(ProducerConfig config)
    {
        var settings = Over(config);
        settings.BatchNumMessages = 1;
        return Own(new KafkaProducer(settings, this, alone: null));
    }

    private KafkaProducer Own(KafkaProducer producer)
    {
        lock (_ownProducers)
        {
            _ownProducers.Add(producer);
            // What a closing client says may ask for one more.
            if (_stopped)
                producer.Close();
        }

        return producer;
    }
}
