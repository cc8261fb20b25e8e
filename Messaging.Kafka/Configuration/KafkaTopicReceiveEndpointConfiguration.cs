using System.Text.Json;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Middleware;
using MassTransit.Transports;
using Messaging.Kafka.Batches;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Configuration;

/// <summary>A topic endpoint: what the application configures, and its build.</summary>
internal sealed class KafkaTopicReceiveEndpointConfiguration<TKey, TValue> : ReceiveEndpointConfiguration, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>
    where TValue : class
{
    /// <summary>How many delayed records wait out their last second in memory at the most.</summary>
    private const int MostForwards = 10_000;

    private const string OneEach = "give each topic whose messages are to be delayed a TopicEndpoint of its own";

    private readonly IBusInstance _bus;
    private readonly KafkaHost _host;
    private readonly string _topic;
    private readonly BatchConsumers _batches;
    private TimeSpan[] _delays = [];
    private PauseCircuits? _circuits;
    private Func<KafkaRecord, CancellationToken, Task>? _takeTooLarge;
    private RecordFormat _format = new(null, null);
    private IDeserializer<TKey> _keyDeserializer = KeySerializers.DeserializerFor<TKey>();

    public KafkaTopicReceiveEndpointConfiguration(
        IBusInstance bus, KafkaHost host, string topic, ConsumerConfig config, IReceiveEndpointConfiguration endpoint)
        : base(bus.HostConfiguration, endpoint)
    {
        _bus = bus;
        _host = host;
        _topic = topic;
        Consumer = ConsumerSettings.Of(topic, config);
        HostAddress = endpoint.HostAddress;
        InputAddress = new Uri($"{endpoint.HostAddress.ToString().TrimEnd('/')}/kafka/{Uri.EscapeDataString(Consumer.Group)}/{Uri.EscapeDataString(topic)}");
        DeadLetterTopic = Consumer.Pattern is null ? topic + ".dlt" : "";
        DelayGroup = Consumer.Group + "-delay";

        // The stock rider publishes no faults either; a failing publish would stand between a message and its dead letter.
        PublishFaults = false;
        AddSerializer(PlainJsonSerializer.Instance);
        AddDeserializer(new PlainJsonDeserializer<TValue>(), isDefault: true);

        _batches = new BatchConsumers(this);

        // All before anything that an application adds: outermost, and nothing can keep a message from its dead letter.
        AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new PauseFilter(() => _circuits)));
        AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new RecordNumbersFilter()));
        AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new EndpointTypeFilter<TValue>()));
        ConfigureError(pipe =>
        {
            pipe.UseFilter(new ErrorTransportFilter());
            pipe.UseFilter(new FaultNotedFilter());
        });
    }

    /// <inheritdoc/>
    public ConsumerSettings Consumer { get; }

    public override Uri HostAddress { get; }

    public override Uri InputAddress { get; }

    public string DeadLetterTopic { get; set; }

    public string DelayTopicSuffix { get; set; } = DelayTopicName.DefaultSuffix;

    public string DelayGroup { get; set; }

    public string? DelayTopicsOf { get; set; }

    public bool SeparateRedeliveries { get; set; } = true;

    int? IKafkaConsumerConfigurator.ConcurrentMessageLimit
    {
        set => ConcurrentMessageLimit = value;
    }

    /// <inheritdoc cref="IKafkaTopicReceiveEndpointConfigurator.PrefetchCount"/>
    public new int PrefetchCount
    {
        get => Consumer.PrefetchCount;
        set => Consumer.PrefetchCount = value;
    }

    public void DelayTiers(params TimeSpan[] delays) => _delays = delays;

    public void OnDeadLetterTooLarge(Func<KafkaRecord, CancellationToken, Task> handler) => _takeTooLarge = handler;

    public void SetKeyDeserializer(IDeserializer<TKey> deserializer) => _keyDeserializer = deserializer;

    public void SetHeadersDeserializer(IHeadersDeserializer deserializer) => _format = _format with { Headers = deserializer };

    public void SetValueDeserializer(IDeserializer<TValue> deserializer)
    {
        var serialization = new ValueSerialization<TValue>(deserializer, () => _circuits);
        AddDeserializer(serialization);
        _format = _format with { ContentType = serialization.ContentType };
    }

    public override ReceiveEndpointContext CreateReceiveEndpointContext() => CreateContext();

    public override IEnumerable<ValidationResult> Validate()
    {
        Consumer.Concurrency = ConcurrentMessageLimit ?? 1;
        foreach (var (key, message) in ConsumerRules.Validate(Consumer, _host.Clients.ClientConfig))
            yield return this.Failure(key, message);
        foreach (var delay in _delays.Where(delay => delay < TimeSpan.FromMilliseconds(100)))
            yield return this.Failure("DelayTiers", $"has {delay}, and a tier must be at least 100 ms");
        foreach (var (key, message) in ValidatePattern())
            yield return this.Failure(key, message);
        if (DeadLetterTopic == _topic)
            yield return this.Failure("DeadLetterTopic", "is the endpoint's own topic: a message that fails would come back for ever");
        foreach (var result in base.Validate())
            yield return result;
    }

    /// <summary>What a pattern cannot have, which stands for topics that are known only when they are there.</summary>
    private IEnumerable<(string Key, string Message)> ValidatePattern()
    {
        if (Consumer.Pattern is not { } pattern)
            yield break;
        if (DeadLetterTopic.Length == 0)
            yield return ("DeadLetterTopic", $"is not set, and a pattern ({_topic}) has no topic to name it after: name one for all topics of the pattern");
        else if (pattern.IsMatch(DeadLetterTopic))
            yield return ("DeadLetterTopic", $"is {DeadLetterTopic}, which the endpoint's own pattern {_topic} matches: a message that fails would come back for ever");
        if (_delays.Length > 0 || DelayTopicsOf is not null)
            yield return ("DelayTiers", $"are set, and a pattern ({_topic}) has no topic to name delay topics after, nor to see to before a record needs them: {OneEach}");
    }

    /// <summary>
    /// Makes the endpoint, and what brings its delayed records back, where it has delay topics. The order is strict: validation tells the
    /// retry and redelivery observers, and the context builds the pipe.
    /// </summary>
    public IEnumerable<KafkaEndpoint> Build()
    {
        AddPipeSpecification(new FilterPipeSpecification<ConsumeContext>(new DelaySchedulerFilter(_bus.Bus.Topology)));
        Validate().ThrowIfContainsFailure($"The endpoint of topic {_topic}, group {Consumer.Group}, is not configured well:");
        if (_batches.Any)
            AddPipeSpecification(new FilterPipeSpecification<ConsumeContext>(new BatchEntryFilter()));
        ApplySpecifications(new ReceiveEndpointBuilder(this));
        // Handlers tell of themselves no sooner.
        Consumer.BatchesKeys = _batches.AreAlone;

        ConsumerSettings.WithDefaults(Consumer.Config, _host.Clients.ClientConfig, Consumer.Pattern is not null);
        _circuits = _host.CreateCircuits(Consumer);
        var names = SeparateRedeliveries ? new PerTopic<EndpointName>(Consumer, topic => new EndpointName(topic, Consumer.Group)) : null;
        var tiers = _delays.Length == 0 ? null : new DelayTiers(_topic, DelayTopicSuffix, _delays, DelayTopicsOf)
        {
            Group = Consumer.Group,
            DelayGroup = DelayGroup,
            Endpoint = names?.Of(_topic),
        };
        if (tiers is not null)
            _host.UseTiers(tiers);

        var context = CreateContext();
        if (tiers is null && Redelivers(context.ReceivePipe))
        {
            throw new ConfigurationException(
                $"The endpoint of topic {_topic}, group {Consumer.Group}, has UseDelayedRedelivery and no delay topics: " +
                (Consumer.Pattern is null ? "name some, as in DelayTiers(TimeSpan.FromSeconds(1))." : $"a pattern has none; {OneEach}."));
        }

        var addresses = new PerTopic<Uri>(Consumer, TopicAddress.Of);
        var handler = new MassTransitRecordHandler(
            context, delivery => new KafkaReceiveContext<TKey>(delivery, context, addresses.Of(delivery.Result.Topic), Consumer.Group, _format, tiers), names, _circuits, _host.Time, _host.LoggerOf(_topic));
        var consumer = new EndpointConsumer(Consumer, handler, _host);
        yield return new KafkaEndpoint(
            consumer,
            Consumer.Pattern is not null ? [new(DeadLetterTopic, TopicFor(retention: null), TopicUse.Write, Retention: Consumer.RequiredRetention)] :
            [
                new(_topic, Consumer.NewTopic, tiers is null ? TopicUse.Read : TopicUse.Read | TopicUse.Write, Retention: Consumer.RetentionNeeded),
                new(DeadLetterTopic, TopicFor(retention: null), TopicUse.Write, _topic, Consumer.RequiredRetention),
            ],
            _circuits,
            new ReceiveEndpoint(new KafkaReceiveTransport(context, consumer, () => handler.Metrics), context),
            tiers);
        if (tiers is { AreAnothers: false })
            yield return BuildForwarder(tiers);
    }

    /// <summary>Whether the pipe redelivers. MassTransit tells it in no other way than by what filters say of themselves.</summary>
    private static bool Redelivers(IProbeSite pipe) =>
        JsonSerializer.Serialize(pipe.GetProbeResult().Results).Contains("redelivery", StringComparison.OrdinalIgnoreCase);

    private KafkaReceiveEndpointContext CreateContext()
    {
        var context = new KafkaReceiveEndpointContext(_bus, this, _host.Writer);
        var deadLetters = new DeadLetterTransport(CreateDeadLetterWriter(Consumer.Group));
        context.GetOrAddPayload<IErrorTransport>(() => deadLetters);
        context.GetOrAddPayload<IDeadLetterTransport>(() => deadLetters);
        context.GetOrAddPayload(() => _keyDeserializer);
        return context;
    }

    private DeadLetterWriter CreateDeadLetterWriter(string group) =>
        new(_host.Onward, DeadLetterTopic, group, _takeTooLarge, _host.Metrics, _host.Time, _host.LoggerOf(_topic));

    private KafkaEndpoint BuildForwarder(DelayTiers tiers)
    {
        var settings = new ConsumerSettings
        {
            Name = $"delays of {_topic} ({DelayGroup})",
            Topics = [.. tiers.All.Select(tier => tier.Topic)],
            Config = ConsumerSettings.WithDefaults(new ConsumerConfig { GroupId = DelayGroup, GroupProtocol = Consumer.Config.GroupProtocol }, _host.Clients.ClientConfig),
            Concurrency = MostForwards,
            PrefetchCount = MostForwards,
            HasDueTimes = true,
            // What waits in the shortest tier is in progress meanwhile, and does not stand still.
            StallTimeout = Consumer.StallTimeout + tiers.All[^1].Delay,
            RecordsDeleted = Consumer.RecordsDeleted,
        };
        return new KafkaEndpoint(
            new EndpointConsumer(settings, new DelayRecordHandler(
                tiers, topic => _host.UsesTiersOf(topic, tiers.Owner), _host.Onward, CreateDeadLetterWriter(DelayGroup), _host.Time, _host.LoggerOf(_topic)), _host),
            [.. tiers.All.Select(tier => new RequiredTopic(
                tier.Topic, TopicFor(DelayRetention(tier.Delay)), TopicUse.Read | TopicUse.Write, _topic, DelayRetention(tier.Delay), IsDelay: true))]);
    }

    private static TimeSpan DelayRetention(TimeSpan delay) => delay * 2 > TimeSpan.FromDays(7) ? delay * 2 : TimeSpan.FromDays(7);

    /// <summary>How a topic for this one's records is created, with room for the headers that they get on their way; null: not at all.</summary>
    private KafkaTopicOptions? TopicFor(TimeSpan? retention) => Consumer.NewTopic is not { } options ? null : new KafkaTopicOptions
    {
        NumPartitions = options.NumPartitions,
        ReplicationFactor = options.ReplicationFactor,
        Retention = retention,
        MaxMessageBytes = options.MaxMessageBytes + (64 * 1024),
        RequestTimeout = options.RequestTimeout,
    };
}
