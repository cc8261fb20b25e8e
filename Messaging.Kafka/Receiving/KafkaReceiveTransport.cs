using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Failure;

namespace Messaging.Kafka.Receiving;

/// <summary>The receive transport of a topic endpoint: starts and stops its consumer and tells MassTransit of it.</summary>
internal sealed class KafkaReceiveTransport(
    KafkaReceiveEndpointContext context, Func<ConsumerLoop> createLoop, MassTransitRecordHandler handler, PauseCircuit? circuit, ConsumerSettings settings)
    : IReceiveTransport
{
    /// <summary>The consumer that runs, or null.</summary>
    public ConsumerLoop? Loop { get; private set; }

    /// <summary>The circuit, where the endpoint has one.</summary>
    public PauseCircuit? Circuit => circuit;

    /// <inheritdoc/>
    public ReceiveTransportHandle Start()
    {
        var loop = createLoop();
        loop.Start();
        Loop = loop;
        _ = Announce(loop);
        return new Handle(this, loop);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext probe)
    {
        var scope = probe.CreateScope("receiveTransport");
        scope.Add("type", "Kafka");
        scope.Add("topics", string.Join(",", settings.Topics));
        scope.Add("group", settings.Group);
        scope.Add("concurrentMessageLimit", settings.Concurrency);
        scope.Add("prefetchCount", settings.PrefetchCount);
    }

    /// <inheritdoc/>
    public ConnectHandle ConnectPublishObserver(IPublishObserver observer) => context.ConnectPublishObserver(observer);

    /// <inheritdoc/>
    public ConnectHandle ConnectReceiveObserver(IReceiveObserver observer) => context.ConnectReceiveObserver(observer);

    /// <inheritdoc/>
    public ConnectHandle ConnectReceiveTransportObserver(IReceiveTransportObserver observer) => context.ConnectReceiveTransportObserver(observer);

    /// <inheritdoc/>
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => context.ConnectSendObserver(observer);

    private async Task Announce(ConsumerLoop loop)
    {
        try
        {
            await loop.Ready;
            await context.TransportObservers.NotifyReady(context.InputAddress);
        }
#pragma warning disable CA1031 // Told to MassTransit's health, whatever it is.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await context.TransportObservers.NotifyFaulted(context.InputAddress, exception);
        }
    }

    private sealed class Handle(KafkaReceiveTransport transport, ConsumerLoop loop) : ReceiveTransportHandle
    {
        public async Task Stop(CancellationToken cancellationToken = default)
        {
            await loop.Stop(cancellationToken);
            transport.Loop = null;
            loop.Dispose();
            await transport.Context.TransportObservers.NotifyCompleted(transport.Context.InputAddress, transport.Handler.Metrics);
        }
    }

    private KafkaReceiveEndpointContext Context => context;

    private MassTransitRecordHandler Handler => handler;
}
