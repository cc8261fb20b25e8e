using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Observables;
using MassTransit.Transports;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Messaging.Kafka.Configuration;

/// <summary>Gathers what the application configures in <c>UsingKafka</c>, checks it, and builds the rider when the bus is there.</summary>
internal sealed class KafkaFactoryConfigurator(IRiderRegistrationContext registration, RiderBus bus, HostClientConfig clientConfig) : IKafkaFactoryConfigurator, IBusInstanceSpecification
{
    private readonly List<(string Topic, string Group, Func<TopicEndpointBuilder, IEnumerable<KafkaEndpoint>> Build)> _endpoints = [];
    private readonly List<RawEndpointConfigurator> _rawEndpoints = [];
    private readonly List<RequiredTopic> _topics = [];
    private readonly List<Action<ISendPipeConfigurator>> _configureSend = [];
    private readonly ReceiveEndpointObservable _endpointObservers = new();
    private readonly SendObservable _sendObservers = new();
    private readonly KafkaHostConfigurator _host = new(clientConfig);
    private Action<IClient, string>? _refreshToken;
    private IHeadersSerializer? _headersSerializer;
    private IHeadersDeserializer? _headersDeserializer;
    private IKafkaSerializerFactory? _serializers;

    public Acks? Acks
    {
        set => clientConfig.Acks = value;
    }

    public string ClientId
    {
        set => clientConfig.ClientId = value;
    }

    public int? MessageMaxBytes
    {
        set => clientConfig.MessageMaxBytes = value;
    }

    public SecurityProtocol? SecurityProtocol
    {
        set => clientConfig.SecurityProtocol = value;
    }

    public string ClientRack
    {
        set => clientConfig.ClientRack = value;
    }

    public int? ReceiveMessageMaxBytes
    {
        set => clientConfig.ReceiveMessageMaxBytes = value;
    }

    public TimeSpan? TopicMetadataRefreshInterval
    {
        set => clientConfig.TopicMetadataRefreshIntervalMs = value.ToMilliseconds();
    }

    public TimeSpan? MetadataMaxAge
    {
        set => clientConfig.MetadataMaxAgeMs = value.ToMilliseconds();
    }

    public TimeSpan? ReconnectBackoff
    {
        set => clientConfig.ReconnectBackoffMs = value.ToMilliseconds();
    }

    public TimeSpan? ReconnectBackoffMax
    {
        set => clientConfig.ReconnectBackoffMaxMs = value.ToMilliseconds();
    }

    public BrokerAddressFamily? BrokerAddressFamily
    {
        set => clientConfig.BrokerAddressFamily = value;
    }

    public string Debug
    {
        set => clientConfig.Debug = value;
    }

    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(15);

    public TimeSpan UnreachableAfter { get; set; } = TimeSpan.FromSeconds(5);

    public TimeSpan ReviveAfter { get; set; } = TimeSpan.FromSeconds(30);

    public void Host(IReadOnlyList<string> servers, Action<IKafkaHostConfigurator>? configure = null) => _host.Configure(servers, configure);

    public void OAuthBearerTokenRefreshHandler(Action<IClient, string> handler) => _refreshToken = handler;

    public void ConfigureSocket(Action<IKafkaSocketConfigurator> configure) => configure(new SocketConfigurator(clientConfig));

    public void SetHeadersSerializer(IHeadersSerializer serializer) => _headersSerializer = serializer;

    public void SetHeadersDeserializer(IHeadersDeserializer deserializer) => _headersDeserializer = deserializer;

    public void SetSerializationFactory(IKafkaSerializerFactory factory) => _serializers = factory;

    public void ConfigureClient(Action<ClientConfig> configure) => configure(clientConfig);

    public void TopicEndpoint<TKey, TValue>(string topicName, string groupId, Action<IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class => TopicEndpoint(topicName, new ConsumerConfig { GroupId = groupId }, configure);

    public void TopicEndpoint<TKey, TValue>(string topicName, ConsumerConfig consumerConfig, Action<IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class
    {
        _endpoints.Add((topicName, consumerConfig.GroupId, builder => builder.Build<TKey, TValue>(topicName, consumerConfig, (_, endpoint) => configure(endpoint))));
    }

    public void RawTopicEndpoint(string topicName, string groupId, Func<KafkaRecord, CancellationToken, Task> handler, Action<IKafkaConsumerConfigurator>? configure = null)
    {
        var endpoint = new RawEndpointConfigurator(topicName, groupId, handler);
        configure?.Invoke(endpoint);
        _rawEndpoints.Add(endpoint);
    }

    public void CreateIfMissing(string topicName, Action<KafkaTopicOptions>? configure = null) =>
        _topics.Add(new RequiredTopic(topicName, KafkaTopicOptions.Configured(configure), TopicUse.Write));

    public ConnectHandle ConnectReceiveEndpointObserver(IReceiveEndpointObserver observer) => _endpointObservers.Connect(observer);

    public ConnectHandle ConnectSendObserver(ISendObserver observer) => _sendObservers.Connect(observer);

    public void ConfigureSend(Action<ISendPipeConfigurator> callback) => _configureSend.Add(callback);

    public IEnumerable<ValidationResult> Validate()
    {
        foreach (var (key, message) in _host.Validate(_refreshToken is not null))
            yield return this.Failure(key, message);
        if (DeliveryTimeout <= TimeSpan.Zero)
            yield return this.Failure("DeliveryTimeout", $"is {DeliveryTimeout}, and must be longer than zero");
        if (ReviveAfter <= TimeSpan.Zero)
            yield return this.Failure("ReviveAfter", $"is {ReviveAfter}, and must be longer than zero");
        if (clientConfig.Acks is { } acks && acks != Confluent.Kafka.Acks.All)
            yield return this.Failure("Acks", $"is {acks}: the idempotent producer needs all, and anything less loses acknowledged records when a broker dies");
        foreach (var endpoint in _endpoints.GroupBy(endpoint => (endpoint.Topic, endpoint.Group)).Where(same => same.Count() > 1))
            yield return this.Failure("TopicEndpoint", $"of topic {endpoint.Key.Topic} and group {endpoint.Key.Group} is configured more than once");
        foreach (var same in Registrations.SelectMany(producer => producer.Services, (producer, service) => (producer.Topic, service)).GroupBy(producer => producer.service).Where(same => same.Count() > 1))
        {
            yield return this.Failure("AddProducer",
                $"makes {TypeCache.GetShortName(same.Key)} more than once, for the topics {string.Join(", ", same.Select(producer => producer.Topic))}: " +
                "only one could be resolved; take the others from ITopicProducerProvider.GetProducer");
        }

        foreach (var topic in _topics)
        {
            if (TopicNames.Problem(topic.Name) is { } wrongName)
                yield return this.Failure("CreateIfMissing", wrongName);
            foreach (var (key, message) in topic.Options!.Validate())
                yield return this.Failure(key, message);
        }

        foreach (var (key, message) in _rawEndpoints.SelectMany(endpoint => endpoint.Validate(clientConfig)))
            yield return this.Failure(key, message);
    }

    public void Configure(IBusInstance busInstance)
    {
        KafkaClientFactory.EnsureLibrary();
        var loggers = registration.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        var timeProvider = registration.GetService<TimeProvider>() ?? TimeProvider.System;
        var metrics = registration.GetRequiredService<KafkaRiderMetrics>();
        var clients = new KafkaClientFactory(clientConfig, _refreshToken, loggers.CreateLogger("MassTransit.Kafka.Client"), timeProvider, metrics);
        var monitor = new ClusterMonitor(clients, UnreachableAfter, timeProvider, metrics, loggers.CreateLogger<ClusterMonitor>());
        var host = new KafkaHost(busInstance, clients, monitor, ReviveAfter, KafkaProducer.WithDefaults(new ProducerConfig(), DeliveryTimeout), timeProvider, metrics, loggers)
        {
            Topics = new TopicWatch(new TopicDescriber(monitor), timeProvider, loggers.CreateLogger<TopicWatch>()),
            SendObservers = _sendObservers,
            HeadersSerializer = _headersSerializer,
        };

        var producers = Registrations.Select(producer => producer.Configure(registration, CreateSendPipe(busInstance), clientConfig)).ToList();
        var builder = new TopicEndpointBuilder(registration, busInstance, host, _endpointObservers, _headersDeserializer, _serializers);
        List<KafkaEndpoint> endpoints = [.. _endpoints.SelectMany(endpoint => endpoint.Build(builder)), .. _rawEndpoints.Select(endpoint => endpoint.Build(host))];
        foreach (var endpoint in endpoints)
            host.SettleTiers(endpoint);
        var factory = new TopicProducerFactory(
            host, busInstance.HostConfiguration.HostAddress, producers, _topics, CreateSendPipe(busInstance).CreatePipe(), _serializers);
        var rider = new KafkaRider(host, factory, builder, endpoints);
        bus.GetAll<KafkaRiderHealthSource>(registration).First().Set(() => rider.Health);
        busInstance.Connect<IKafkaRider>(rider);
        busInstance.HostConfiguration.BusConfiguration.ConnectBusObserver(new BusRestarts(rider));
    }

    private IEnumerable<IProducerRegistration> Registrations => bus.GetAll<IProducerRegistration>(registration);

    private SendPipeConfiguration CreateSendPipe(IBusInstance bus)
    {
        var send = new SendPipeConfiguration(bus.HostConfiguration.Topology.SendTopology);
        foreach (var configure in _configureSend)
            configure(send.Configurator);
        return send;
    }
}
