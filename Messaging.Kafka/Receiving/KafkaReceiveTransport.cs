using MassTransit;
using MassTransit.Transports;

namespace Messaging.Kafka.Receiving;

/// <summary>The receive transport of a topic endpoint: starts and stops its consumer and tells MassTransit of it.</summary>
internal sealed class KafkaReceiveTransport(KafkaReceiveEndpointContext context, EndpointConsumer consumer, Func<DeliveryMetrics> metrics) : IReceiveTransport
{
    /// <inheritdoc/>
    public ReceiveTransportHandle Start()
    {
        _ = Announce(consumer.Start());
        return new Handle(this);
    }

    /// <inheritdoc/>
    public void Probe(ProbeContext probe)
    {
        var scope = probe.CreateScope("receiveTransport");
        scope.Add("type", "Kafka");
        var settings = consumer.Settings;
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
        // Told to MassTransit's health, whatever it is.
        catch (Exception exception)
        {
            await context.TransportObservers.NotifyFaulted(context.InputAddress, exception);
        }
    }

    private async Task Stop(CancellationToken cancellationToken)
    {
        await consumer.Stop(cancellationToken);
        await context.TransportObservers.NotifyCompleted(context.InputAddress, metrics());
    }

    private sealed class Handle(KafkaReceiveTransport transport) : ReceiveTransportHandle
    {
        public Task Stop(CancellationToken cancellationToken = default) => transport.Stop(cancellationToken);
    }
}
