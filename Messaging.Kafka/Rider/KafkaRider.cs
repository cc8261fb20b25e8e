using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Starts, watches and stops the rider's endpoints and producers.</summary>
internal sealed class KafkaRider(
    KafkaHost host, TopicProducerFactory producers, IReadOnlyList<BuiltEndpoint> endpoints, IReadOnlyList<RawEndpoint> rawEndpoints, ClusterMonitor monitor)
    : IRiderControl, IKafkaRider
{
    private readonly ILogger _logger = host.Loggers.CreateLogger<KafkaRider>();
    private readonly ReceiveEndpointCollection _collection = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<ConsumerLoop> _loops = [];
    private Task _ready = Task.CompletedTask;

    /// <inheritdoc/>
    public IRawTopicProducer RawProducer => host.Producer;

    /// <inheritdoc/>
    public IDelayedTopicProducer DelayedProducer => new DelayedTopicProducer(host.Writer);

    /// <inheritdoc/>
    public Task Ready => _ready;

    /// <summary>The topic endpoints.</summary>
    public IReadOnlyList<BuiltEndpoint> Endpoints => endpoints;

    /// <summary>What the rider's health is made of.</summary>
    public KafkaRiderHealth Health => new(_ready, monitor, host.Clients, endpoints, rawEndpoints, host.OnwardWrites);

    /// <inheritdoc/>
    public RiderHandle Start(CancellationToken cancellationToken = default)
    {
        foreach (var endpoint in endpoints)
            _collection.Add(endpoint.Endpoint.InputAddress.ToString(), endpoint.Endpoint);

        monitor.Start();
        _ready = StartEndpoints();
        return new Handle(this);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext context)
    {
        foreach (var endpoint in endpoints)
            endpoint.Context.ReceivePipe.Probe(Scope(context, endpoint.Settings));
        foreach (var endpoint in rawEndpoints)
            endpoint.Probe(Scope(context, endpoint.Settings));
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
            await new TopicProvisioner(host.Clients, host.Time, _logger).EnsureAll(
                [.. endpoints.SelectMany(endpoint => endpoint.Topics), .. rawEndpoints.SelectMany(endpoint => endpoint.Topics), .. producers.Topics],
                exception => monitor.Report(exception), _stopping.Token);

            foreach (var endpoint in endpoints)
            {
                if (endpoint.Forwarder is { } forwarder)
                    Run(forwarder.Consumer, new DelayRecordHandler(forwarder.Tiers, host.Producer, host.OnwardWrites, host.Time));
            }

            foreach (var raw in rawEndpoints)
                raw.Loop = Run(raw.Settings, raw.CreateHandler(host));
            var handles = _collection.StartEndpoints(_stopping.Token);
            await Task.WhenAll(handles.Select(handle => (Task)handle.Ready).Concat(_loops.Select(loop => loop.Ready)));
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            _logger.LogCritical(exception, "The Kafka rider did not start: {Reason}", exception.Message);
            throw;
        }
    }

    private ConsumerLoop Run(ConsumerSettings settings, IRecordHandler handler)
    {
        var loop = new ConsumerLoop(settings, handler, host, host.Loggers.CreateLogger("MassTransit.Kafka." + settings.Topics[0]));
        _loops.Add(loop);
        loop.Start();
        return loop;
    }

    /// <summary>Endpoints first, while the producer still takes their redeliveries and dead letters.</summary>
    private async Task Stop(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await _ready.WaitAsync(cancellationToken);
        }
#pragma warning disable CA1031 // Why the start failed was told where it failed; what did start must be stopped all the same.
        catch (Exception)
#pragma warning restore CA1031
        {
            _logger.LogDebug("The Kafka rider stops before it was ready");
        }

        foreach (var circuit in endpoints.Select(endpoint => endpoint.Circuit).Concat(rawEndpoints.Select(endpoint => endpoint.Circuit)))
            circuit?.Dispose();
        await Task.WhenAll(_loops.Select(loop => loop.Stop(cancellationToken)).Append(_collection.StopEndpoints(cancellationToken)));
        foreach (var loop in _loops)
            loop.Dispose();
        await monitor.Stop();
        await Task.Run(host.Dispose, CancellationToken.None);
    }

    private sealed class Handle(KafkaRider rider) : RiderHandle
    {
        public Task Ready => rider._ready;

        public Task StopAsync(CancellationToken cancellationToken) => rider.Stop(cancellationToken);
    }
}
