using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Starts, watches and stops the rider's endpoints and producers, any number of times: a bus may be stopped and started again.</summary>
internal sealed class KafkaRider(
    KafkaHost host, TopicProducerFactory producers, IReadOnlyList<KafkaEndpoint> endpoints)
    : IRiderControl, IKafkaRider
{
    private readonly ILogger _logger = host.Loggers.CreateLogger<KafkaRider>();
    private readonly List<EndpointConsumer> _ownConsumers = [.. endpoints.Where(endpoint => endpoint.ReceiveEndpoint is null).Select(endpoint => endpoint.Consumer)];
    private readonly TopicProvisioner _provisioner = new(new TopicDescriber(host.Cluster), host.Cluster, host.Time, host.Loggers.CreateLogger<KafkaRider>());

    private readonly Lock _lock = new();

    // Of a run, from a start to a stop.
    private ReceiveEndpointCollection _collection = new();
    private CancellationTokenSource _stopping = new();
    private Task _ready = Task.CompletedTask;
    private Task? _stopped = Task.CompletedTask;

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

    /// <summary>Whether it was started and not stopped since.</summary>
    public bool IsRunning => _stopped is null;

    /// <summary>Whether MassTransit's host has stopped it, which it does once: see <see cref="BusRestarts"/>.</summary>
    public bool WasStoppedByHost { get; private set; }

    /// <inheritdoc/>
    public RiderHandle Start(CancellationToken cancellationToken = default)
    {
        lock (_lock)
            _stopped = null;
        _stopping = new CancellationTokenSource();
        _collection = new ReceiveEndpointCollection();
        foreach (var endpoint in endpoints)
        {
            endpoint.Circuits?.Start();
            if (endpoint.ReceiveEndpoint is { } receiveEndpoint)
                _collection.Add(receiveEndpoint.InputAddress.ToString(), receiveEndpoint);
        }

        host.Start();
        _ready = StartEndpoints(_stopping.Token);
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

    private async Task StartEndpoints(CancellationToken stopping)
    {
        try
        {
            host.Producer.Connect();
            // What blocks in a client does not hold up a stop.
            var topics = RequiredTopic.Merge([.. endpoints.SelectMany(endpoint => endpoint.Topics), .. producers.Topics]);
            var created = await _provisioner.EnsureAll(topics, stopping).WaitAsync(stopping);
            await host.Topics.Start(topics, created).WaitAsync(stopping);

            var loops = _ownConsumers.ConvertAll(consumer => consumer.Start());
            var handles = _collection.StartEndpoints(stopping);
            await Task.WhenAll(handles.Select(handle => (Task)handle.Ready).Concat(loops.Select(loop => loop.Ready))).WaitAsync(stopping);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            _logger.LogCritical(exception, "The Kafka rider did not start: {Reason}", exception.Message);
            throw;
        }
    }

    /// <summary>Stops it, where it runs; another call waits for the same end.</summary>
    /// <param name="cancellationToken">Cancels the handlers that still run.</param>
    public Task Stop(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _stopped ??= StopRun(cancellationToken);
    }

    /// <summary>Endpoints first, while the producer still takes their redeliveries and dead letters.</summary>
    private async Task StopRun(CancellationToken cancellationToken)
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
            endpoint.Circuits?.Stop();
        await Task.WhenAll(_ownConsumers.Select(consumer => consumer.Stop(cancellationToken)).Append(_collection.StopEndpoints(cancellationToken)));
        await host.Stop();
    }

    private sealed class Handle(KafkaRider rider) : RiderHandle
    {
        public Task Ready => rider._ready;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            rider.WasStoppedByHost = true;
            return rider.Stop(cancellationToken);
        }
    }
}
