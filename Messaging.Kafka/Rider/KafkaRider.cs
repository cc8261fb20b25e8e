using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Starts, watches and stops the rider's endpoints and producers, any number of times: a bus may be stopped and started again.</summary>
internal sealed class KafkaRider(
    KafkaHost host, TopicProducerFactory producers, TopicEndpointBuilder builder, IReadOnlyList<KafkaEndpoint> configured)
    : IRiderControl, IKafkaRider
{
    private readonly ILogger _logger = host.Loggers.CreateLogger<KafkaRider>();
    private readonly TopicProvisioner _provisioner = NewProvisioner(host);
    private readonly ConcurrentDictionary<IReceiveEndpoint, HostReceiveEndpointHandle> _handles = [];

    private readonly Lock _lock = new();
    private volatile IReadOnlyList<ConnectedEndpoint> _connected = [];
    private List<Task> _disconnecting = [];

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
        .. from endpoint in Endpoints
           from opened in endpoint.Circuits?.Opened ?? []
           select new PausedEndpoint(endpoint.Consumer.Settings.Topics[0], endpoint.Consumer.Settings.Group, opened.Reason, opened.Since) { Lane = opened.Lane },
    ];

    /// <summary>What its endpoints and producers share.</summary>
    public KafkaHost Host => host;

    /// <summary>The endpoints, those that are connected now among them.</summary>
    public IReadOnlyList<KafkaEndpoint> Endpoints => [.. configured, .. _connected.SelectMany(connected => connected.Parts)];

    /// <summary>What the rider's health is made of.</summary>
    public KafkaRiderHealth Health => new(_ready, _provisioner.Waiting, host, configured, _connected);

    /// <summary>Whether it was started and not stopped since.</summary>
    public bool IsRunning => _stopped is null;

    /// <summary>Whether MassTransit's host has stopped it, which it does once: see <see cref="BusRestarts"/>.</summary>
    public bool WasStoppedByHost { get; private set; }

    /// <inheritdoc/>
    public RiderHandle Start(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _stopped = null;
            _stopping = new CancellationTokenSource();
            _collection = new ReceiveEndpointCollection();
            _handles.Clear();
            var endpoints = Endpoints;
            foreach (var endpoint in endpoints)
            {
                endpoint.Circuits?.Start();
                if (endpoint.ReceiveEndpoint is { } receiveEndpoint)
                    _collection.Add(endpoint.Key, receiveEndpoint);
            }

            host.Start();
            _ready = StartAll(endpoints, _stopping.Token);
            foreach (var connected in _connected)
                connected.Follow(ReadyAfter(_ready, connected));
        }

        return new Handle(this);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext context)
    {
        foreach (var endpoint in Endpoints)
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

    /// <inheritdoc/>
    public HostReceiveEndpointHandle ConnectTopicEndpoint<TKey, TValue>(
        string topicName, string groupId, Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class => ConnectTopicEndpoint(topicName, new ConsumerConfig { GroupId = groupId }, configure);

    /// <inheritdoc/>
    public HostReceiveEndpointHandle ConnectTopicEndpoint<TKey, TValue>(
        string topicName, ConsumerConfig consumerConfig, Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topicName);
        ArgumentNullException.ThrowIfNull(consumerConfig);
        ArgumentNullException.ThrowIfNull(configure);
        lock (_lock)
        {
            if (Endpoints.Any(endpoint => endpoint.IsOf(topicName, consumerConfig.GroupId)))
                throw new ConfigurationException($"There is an endpoint of topic {topicName} and group {consumerConfig.GroupId} already: stop that one first, or name another group");
            var parts = builder.Build(topicName, consumerConfig, configure);
            var connected = new ConnectedEndpoint(parts, NewProvisioner(host), Disconnect);
            try
            {
                host.SettleTiers(parts[0]);
            }
            catch (ConfigurationException)
            {
                Forget(connected);
                throw;
            }

            _connected = [.. _connected, connected];
            if (IsRunning)
                connected.Follow(StartConnected(connected, _ready, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, connected.Stopping)));
            return connected;
        }
    }

    /// <summary>Stops it, where it runs; another call waits for the same end.</summary>
    /// <param name="cancellationToken">Cancels the handlers that still run.</param>
    public Task Stop(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _stopped ??= StopRun(Endpoints, _connected, _disconnecting, cancellationToken);
    }

    private static TopicProvisioner NewProvisioner(KafkaHost host) =>
        new(new TopicDescriber(host.Cluster), host.Cluster, host.Time, host.Loggers.CreateLogger<KafkaRider>());

    private static ProbeContext Scope(ProbeContext context, ConsumerSettings settings)
    {
        var scope = context.CreateScope("kafkaEndpoint");
        scope.Add("topic", settings.Topics[0]);
        scope.Add("group", settings.Group);
        return scope;
    }

    private async Task StartAll(IReadOnlyList<KafkaEndpoint> endpoints, CancellationToken stopping)
    {
        try
        {
            host.Producer.Connect();
            await Start(endpoints, producers.Topics, _provisioner, () => _collection.StartEndpoints(stopping), stopping);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            _logger.LogCritical(exception, "The Kafka rider did not start: {Reason}", exception.Message);
            throw;
        }
    }

    private static async Task<ReceiveEndpointReady> ReadyAfter(Task start, ConnectedEndpoint connected)
    {
        await start;
        return await connected.ReceiveEndpoint.Started;
    }

    /// <summary>Starts an endpoint that was connected while the rider runs, once the rider itself has started.</summary>
    private async Task<ReceiveEndpointReady> StartConnected(ConnectedEndpoint connected, Task start, CancellationTokenSource stopping)
    {
        using var _ = stopping;
        var endpoint = connected.Parts[0];
        try
        {
            await start.WaitAsync(stopping.Token);
            await Start(connected.Parts, [], connected.Provisioner, StartEndpoint, stopping.Token);
            return await connected.ReceiveEndpoint.Started;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            _logger.LogError(exception, "The endpoint of {Name} did not start: {Reason}", endpoint.Consumer.Settings.Name, exception.Message);
            throw;
        }

        HostReceiveEndpointHandle[] StartEndpoint()
        {
            // Not before: the rider's own start takes all that are there.
            _collection.Add(endpoint.Key, endpoint.ReceiveEndpoint!);
            return [_collection.Start(endpoint.Key, stopping.Token)];
        }
    }

    /// <summary>Sees to the topics, then starts the consumers, and waits until each is a member of its group.</summary>
    private async Task Start(
        IReadOnlyList<KafkaEndpoint> endpoints, IEnumerable<RequiredTopic> more, TopicProvisioner provisioner, Func<HostReceiveEndpointHandle[]> startEndpoints,
        CancellationToken stopping)
    {
        // What blocks in a client does not hold up a stop.
        var topics = RequiredTopic.Merge([.. endpoints.SelectMany(endpoint => endpoint.Topics), .. more]);
        var created = await provisioner.EnsureAll(topics, stopping).WaitAsync(stopping);
        await host.Topics.Add(topics, created).WaitAsync(stopping);

        stopping.ThrowIfCancellationRequested();
        var loops = OwnConsumers(endpoints).ConvertAll(consumer => consumer.Start());
        var handles = startEndpoints();
        foreach (var handle in handles)
            _handles[handle.ReceiveEndpoint] = handle;
        await Task.WhenAll(handles.Select(handle => (Task)handle.Ready).Concat(loops.Select(loop => loop.Ready))).WaitAsync(stopping);
    }

    private static List<EndpointConsumer> OwnConsumers(IReadOnlyList<KafkaEndpoint> endpoints) =>
        [.. endpoints.Where(endpoint => endpoint.ReceiveEndpoint is null).Select(endpoint => endpoint.Consumer)];

    /// <summary>Stops an endpoint that was connected, and forgets it; another call waits for the same end.</summary>
    private Task Disconnect(ConnectedEndpoint connected, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (connected.Stopped is not null)
                return connected.Stopped;
            _connected = [.. _connected.Where(other => other != connected)];
            // A rider that stops takes it along.
            connected.Stopped = IsRunning ? StopConnected(connected, cancellationToken) : ForgetAfter(_stopped!, connected);
            _disconnecting = [.. _disconnecting.Where(other => !other.IsCompleted), connected.Stopped];
            return connected.Stopped;
        }
    }

    private async Task StopConnected(ConnectedEndpoint connected, CancellationToken cancellationToken)
    {
        await connected.EndStart();
        foreach (var part in connected.Parts)
            part.Circuits?.Stop();
        try
        {
            if (_handles.TryRemove(connected.ReceiveEndpoint, out var handle))
                await handle.StopAsync(cancellationToken);
        }
        finally
        {
            // Also where MassTransit gives up waiting: nobody else would stop a consumer that is forgotten.
            await Task.WhenAll(connected.Parts.Select(part => part.Consumer.Stop(cancellationToken)));
            Forget(connected);
            await host.Topics.Keep([.. Endpoints.SelectMany(endpoint => endpoint.Topics), .. producers.Topics]);
        }
    }

    private async Task ForgetAfter(Task stopped, ConnectedEndpoint connected)
    {
        await stopped;
        await connected.EndStart();
        Forget(connected);
    }

    private void Forget(ConnectedEndpoint connected)
    {
        foreach (var part in connected.Parts)
        {
            if (part.Tiers is { } tiers)
                host.ForgetTiers(tiers);
            foreach (var circuit in part.Circuits?.All ?? [])
                host.Metrics.Forget(circuit);
        }
    }

    /// <summary>Endpoints first, while the producer still takes their redeliveries and dead letters.</summary>
    private async Task StopRun(
        IReadOnlyList<KafkaEndpoint> endpoints, IReadOnlyList<ConnectedEndpoint> connected, IReadOnlyList<Task> disconnecting, CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await Task.WhenAll(connected.Select(endpoint => (Task)endpoint.Ready).Concat(disconnecting).Append(_ready)).WaitAsync(cancellationToken);
        }
        // Why the start failed was told where it failed; what did start must be stopped all the same.
        catch (Exception)
        {
            _logger.LogDebug("The Kafka rider stops before it was ready");
        }

        foreach (var endpoint in endpoints)
            endpoint.Circuits?.Stop();
        await Task.WhenAll(OwnConsumers(endpoints).Select(consumer => consumer.Stop(cancellationToken)).Append(_collection.StopEndpoints(cancellationToken)));
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
