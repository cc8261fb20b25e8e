using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Starts, watches and stops the rider's endpoints and producers.</summary>
internal sealed class KafkaRider(
    KafkaHost host, TopicProducerFactory producers, IReadOnlyList<KafkaEndpoint> endpoints)
    : IRiderControl, IKafkaRider
{
    private readonly ILogger _logger = host.Loggers.CreateLogger<KafkaRider>();
    private readonly ReceiveEndpointCollection _collection = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<EndpointConsumer> _ownConsumers = [.. endpoints.Where(endpoint => endpoint.ReceiveEndpoint is null).Select(endpoint => endpoint.Consumer)];
    private readonly TopicProvisioner _provisioner = new(new TopicDescriber(host.Cluster), host.Cluster, host.Time, host.Loggers.CreateLogger<KafkaRider>());
    private Task _ready = Task.CompletedTask;

    /// <inheritdoc/>
    public IRawTopicProducer RawProducer => host.Producer;

    /// <inheritdoc/>
    public IDelayedTopicProducer DelayedProducer => new DelayedTopicProducer(host.Writer);

    /// <inheritdoc/>
    public Task Ready => _ready;

    /// <inheritdoc/>
    public IReadOnlyList<PausedEndpoint> Paused =>
    [
        .. from endpoint in endpoints
           from opened in endpoint.Circuits?.Opened ?? []
           select new PausedEndpoint(endpoint.Consumer.Settings.Topics[0], endpoint.Consumer.Settings.Group, opened.Reason, opened.Since) { Lane = opened.Lane },
    ];

    /// <summary>What its endpoints and producers share.</summary>
    public KafkaHost Host => host;

    /// <summary>The endpoints.</summary>
    public IReadOnlyList<KafkaEndpoint> Endpoints => endpoints;

    /// <summary>What the rider's health is made of.</summary>
    public KafkaRiderHealth Health => new(_ready, _provisioner.Waiting, host, endpoints);

    /// <inheritdoc/>
    public RiderHandle Start(CancellationToken cancellationToken = default)
    {
        foreach (var endpoint in endpoints.Select(endpoint => endpoint.ReceiveEndpoint).OfType<ReceiveEndpoint>())
            _collection.Add(endpoint.InputAddress.ToString(), endpoint);

        host.Cluster.Start();
        _ready = StartEndpoints();
        return new Handle(this);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext context)
    {
        foreach (var endpoint in endpoints)
            endpoint.Probe(Scope(context, endpoint.Consumer.Settings));
    }

    /// <inheritdoc/>
    public IEnumerable<EndpointHealthResult> CheckEndpointHealth() => _collection.CheckEndpointHealth();

    /// <inheritdoc/>
    public ITopicProducer<TKey, TValue> GetProducer<TKey, TValue>(Uri address)
        where TValue : class => new ScopedTopicProducerProvider(this, ProducerScope.None).GetProducer<TKey, TValue>(address);

    /// <inheritdoc/>
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => host.SendObservers.Connect(observer);

    /// <summary>The producer of a topic, made on first use.</summary>
    public TopicProducer<TKey, TValue> Producer<TKey, TValue>(string topic)
        where TValue : class => producers.Get<TKey, TValue>(topic);

    private static ProbeContext Scope(ProbeContext context, ConsumerSettings settings)
    {
        var scope = context.CreateScope("kafkaEndpoint");
        scope.Add("topic", settings.Topics[0]);
        scope.Add("group", settings.Group);
        return scope;
    }

    private async Task StartEndpoints()
    {
        try
        {
            host.Producer.Start();
            // What blocks in a client does not hold up a stop.
            var topics = RequiredTopic.Merge([.. endpoints.SelectMany(endpoint => endpoint.Topics), .. producers.Topics]);
            var created = await _provisioner.EnsureAll(topics, _stopping.Token).WaitAsync(_stopping.Token);
            await host.Topics.Start(topics, created).WaitAsync(_stopping.Token);

            var loops = _ownConsumers.ConvertAll(consumer => consumer.Start());
            var handles = _collection.StartEndpoints(_stopping.Token);
            await Task.WhenAll(handles.Select(handle => (Task)handle.Ready).Concat(loops.Select(loop => loop.Ready))).WaitAsync(_stopping.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            _logger.LogCritical(exception, "The Kafka rider did not start: {Reason}", exception.Message);
            throw;
        }
    }

    /// <summary>Endpoints first, while the producer still takes their redeliveries and dead letters.</summary>
    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await _ready.WaitAsync(cancellationToken);
        }
        // Why the start failed was told where it failed; what did start must be stopped all the same.
        catch (Exception)
        {
            _logger.LogDebug("The Kafka rider stops before it was ready");
        }

        foreach (var endpoint in endpoints)
            endpoint.Circuits?.Dispose();
        await Task.WhenAll(_ownConsumers.Select(consumer => consumer.Stop(cancellationToken)).Append(_collection.StopEndpoints(cancellationToken)));
        await host.Topics.Stop();
        await host.Cluster.Stop();
        await Task.Run(host.Dispose, CancellationToken.None);
    }

    private sealed class Handle(KafkaRider rider) : RiderHandle
    {
        public Task Ready => rider._ready;

        public Task StopAsync(CancellationToken cancellationToken) => rider.Stop(cancellationToken);
    }
}
