using System.Text.Json;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Middleware;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Configuration;

/// <summary>A topic endpoint: what the application configures, and its build.</summary>
internal sealed class KafkaTopicReceiveEndpointConfiguration<TKey, TValue> : ReceiveEndpointConfiguration, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>
    where TValue : class
{
    private readonly IBusInstance _bus;
    private readonly KafkaHost _host;
    private readonly string _topic;
    private readonly string _group;
    private readonly ConsumerConfigurator _consumer;
    private TimeSpan[] _delays = [];
    private PauseCircuit? _circuit;
    private RecordFormat _format = new(null, null);
    private IDeserializer<TKey> _keyDeserializer = KeySerializers.DeserializerFor<TKey>();

    public KafkaTopicReceiveEndpointConfiguration(
        IBusInstance bus, KafkaHost host, string topic, ConsumerConfig config, IReceiveEndpointConfiguration endpoint)
        : base(bus.HostConfiguration, endpoint)
    {
        _bus = bus;
        _host = host;
        _topic = topic;

        // Validation names the group that is missing; until then there is none.
        _group = config.GroupId ?? "";
        _consumer = new ConsumerConfigurator(topic, config, host.Clients.ClientConfig);
        HostAddress = endpoint.HostAddress;
        InputAddress = new Uri($"{endpoint.HostAddress.ToString().TrimEnd('/')}/kafka/{Uri.EscapeDataString(_group)}/{Uri.EscapeDataString(topic)}");
        DeadLetterTopic = topic + ".dlt";
        DelayGroup = _group + "-delay";

        // The stock rider publishes no faults either; a failing publish would stand between a message and its dead letter.
        PublishFaults = false;
        AddSerializer(PlainJsonSerializer.Instance);
        AddDeserializer(new PlainJsonDeserializer<TValue>(), isDefault: true);

        // All three before anything that an application adds: outermost, and nothing can keep a message from its dead letter.
        AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new PauseFilter(() => _circuit)));
        AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new ForeignCancellationFilter()));
        ConfigureError(pipe =>
        {
            pipe.UseFilter(new ErrorTransportFilter());
            pipe.UseFilter(new FaultNotedFilter());
        });
    }

    public override Uri HostAddress { get; }

    public override Uri InputAddress { get; }

    public string DeadLetterTopic { get; set; }

    public string DelayTopicSuffix { get; set; } = DelayTopicName.DefaultSuffix;

    public string DelayGroup { get; set; }

    public AutoOffsetReset? AutoOffsetReset
    {
        set => _consumer.AutoOffsetReset = value;
    }

    public string? GroupInstanceId
    {
        set => _consumer.GroupInstanceId = value;
    }

    public PartitionAssignmentStrategy? PartitionAssignmentStrategy
    {
        set => _consumer.PartitionAssignmentStrategy = value;
    }

    public TimeSpan? SessionTimeout
    {
        set => _consumer.SessionTimeout = value;
    }

    public TimeSpan? HeartbeatInterval
    {
        set => _consumer.HeartbeatInterval = value;
    }

    public TimeSpan? MaxPollInterval
    {
        set => _consumer.MaxPollInterval = value;
    }

    public ushort MessageLimit
    {
        set => _consumer.MessageLimit = value;
    }

    public TimeSpan CheckpointInterval
    {
        set => _consumer.CheckpointInterval = value;
    }

    public ushort CheckpointMessageCount
    {
        set => _consumer.CheckpointMessageCount = value;
    }

    public int? QueuedMinMessages
    {
        set => _consumer.QueuedMinMessages = value;
    }

    public int? QueuedMaxMessagesKbytes
    {
        set => _consumer.QueuedMaxMessagesKbytes = value;
    }

    public bool? CheckCrcs
    {
        set => _consumer.CheckCrcs = value;
    }

    public TimeSpan? CoordinatorQueryInterval
    {
        set => _consumer.CoordinatorQueryInterval = value;
    }

    public TimeSpan DrainTimeout
    {
        set => _consumer.DrainTimeout = value;
    }

    public TimeSpan StopTimeout
    {
        set => _consumer.StopTimeout = value;
    }

    public TimeSpan StallTimeout
    {
        set => _consumer.StallTimeout = value;
    }

    int? IKafkaConsumerConfigurator.ConcurrentMessageLimit
    {
        set => ConcurrentMessageLimit = value;
    }

    int IKafkaConsumerConfigurator.PrefetchCount
    {
        set => PrefetchCount = value;
    }

    /// <inheritdoc cref="IKafkaTopicReceiveEndpointConfigurator.PrefetchCount"/>
    public new int PrefetchCount
    {
        get => _consumer.PrefetchCount;
        set => _consumer.PrefetchCount = value;
    }

    public void DelayTiers(params TimeSpan[] delays) => _delays = delays;

    public void UseIsolationLevel(IsolationLevel isolationLevel) => _consumer.UseIsolationLevel(isolationLevel);

    public void ConfigureFetch(Action<IKafkaFetchConfigurator> configure) => _consumer.ConfigureFetch(configure);

    public void PauseOn(Action<IPauseConfigurator> configure) => _consumer.PauseOn(configure);

    public void CreateIfMissing(Action<KafkaTopicOptions>? configure = null) => _consumer.CreateIfMissing(configure);

    public void SetKeyDeserializer(IDeserializer<TKey> deserializer) => _keyDeserializer = deserializer;

    public void SetHeadersDeserializer(IHeadersDeserializer deserializer) => _format = _format with { Headers = deserializer };

    public void SetValueDeserializer(IDeserializer<TValue> deserializer)
    {
        var serialization = new ValueSerialization<TValue>(deserializer);
        AddDeserializer(serialization);
        _format = _format with { ContentType = serialization.ContentType };
    }

    public override ReceiveEndpointContext CreateReceiveEndpointContext() => CreateContext();

    public override IEnumerable<ValidationResult> Validate()
    {
        _consumer.ConcurrentMessageLimit = ConcurrentMessageLimit;
        foreach (var (key, message) in _consumer.Validate())
            yield return this.Failure(key, message);
        foreach (var delay in _delays.Where(delay => delay < TimeSpan.FromMilliseconds(100)))
            yield return this.Failure("DelayTiers", $"has {delay}, and a tier must be at least 100 ms");
        if (DeadLetterTopic == _topic)
            yield return this.Failure("DeadLetterTopic", "is the endpoint's own topic: a message that fails would come back for ever");
        foreach (var result in base.Validate())
            yield return result;
    }

    /// <summary>Makes the endpoint. The order is strict: validation tells the retry and redelivery observers, and the context builds the pipe.</summary>
    public BuiltEndpoint Build()
    {
        AddPipeSpecification(new FilterPipeSpecification<ConsumeContext>(new DelaySchedulerFilter(_bus.Bus.Topology)));
        Validate().ThrowIfContainsFailure($"The endpoint of topic {_topic}, group {_group}, is not configured well:");
        ApplySpecifications(new ReceiveEndpointBuilder(this));

        var settings = _consumer.Build();
        var logger = _host.Loggers.CreateLogger("MassTransit.Kafka." + _topic);
        _circuit = _consumer.Pause is { } pause ? new PauseCircuit(pause, settings.Name, _host.Time, () => _host.Metrics.Paused(_topic, _group), logger) : null;
        var tiers = _delays.Length == 0 ? null : new DelayTiers(_topic, DelayTopicSuffix, _delays);
        if (tiers is not null)
            _host.UseTiers(tiers);

        var context = CreateContext();
        if (tiers is null && Redelivers(context.ReceivePipe))
        {
            throw new ConfigurationException(
                $"The endpoint of topic {_topic}, group {_group}, has UseDelayedRedelivery and no delay topics: name some, as in DelayTiers(TimeSpan.FromSeconds(1)).");
        }

        var handler = new MassTransitRecordHandler(context, _topic, _format, _circuit, _host.Time, logger);
        var transport = new KafkaReceiveTransport(context, () => new ConsumerLoop(settings, handler, _host, logger), handler, _circuit, settings);
        return new BuiltEndpoint(
            settings, new ReceiveEndpoint(transport, context), context, () => transport.Loop, _circuit, Topics(tiers), tiers is null ? null : BuildForwarder(tiers));
    }

    /// <summary>Whether the pipe redelivers. MassTransit tells it in no other way than by what filters say of themselves.</summary>
    private static bool Redelivers(IProbeSite pipe) =>
        JsonSerializer.Serialize(pipe.GetProbeResult().Results).Contains("redelivery", StringComparison.OrdinalIgnoreCase);

    private KafkaReceiveEndpointContext CreateContext()
    {
        var context = new KafkaReceiveEndpointContext(_bus, this, _host.Writer);
        var deadLetters = new DeadLetterTransport(_host.Producer, DeadLetterTopic, _group, _host.OnwardWrites, _host.Metrics);
        context.GetOrAddPayload<IErrorTransport>(() => deadLetters);
        context.GetOrAddPayload<IDeadLetterTransport>(() => deadLetters);
        context.GetOrAddPayload(() => _keyDeserializer);
        return context;
    }

    private ForwarderSettings BuildForwarder(DelayTiers tiers)
    {
        var config = ConsumerConfigurator.WithDefaults(new ConsumerConfig { GroupId = DelayGroup });
        return new ForwarderSettings(tiers, new ConsumerSettings
        {
            Name = $"delays of {_topic} ({DelayGroup})",
            Topics = [.. tiers.All.Select(tier => tier.Topic)],
            Config = config,
            Concurrency = ForwarderSettings.Concurrency,
            PrefetchCount = ForwarderSettings.Concurrency,
        });
    }

    private List<RequiredTopic> Topics(DelayTiers? tiers)
    {
        var options = _consumer.TopicOptions;
        var outboxEntry = options is null ? null : Larger(options);
        List<RequiredTopic> topics = [new(_topic, options), new(DeadLetterTopic, outboxEntry, _topic)];
        foreach (var tier in tiers?.All ?? [])
            topics.Add(new RequiredTopic(tier.Topic, outboxEntry is null ? null : Larger(options!, DelayRetention(tier.Delay)), _topic));
        return topics;
    }

    private static TimeSpan DelayRetention(TimeSpan delay) => delay * 2 > TimeSpan.FromDays(7) ? delay * 2 : TimeSpan.FromDays(7);

    private static KafkaTopicOptions Larger(KafkaTopicOptions options, TimeSpan? retention = null) => new()
    {
        NumPartitions = options.NumPartitions,
        ReplicationFactor = options.ReplicationFactor,
        Retention = retention,
        MaxMessageBytes = options.MaxMessageBytes + (64 * 1024),
        RequestTimeout = options.RequestTimeout,
    };
}
