using MassTransit;
using MassTransit.Configuration;
using MassTransit.Transports;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Receiving;

/// <summary>The context of a topic endpoint: topics are sent to by the rider, everything else goes through the bus.</summary>
internal sealed class KafkaReceiveEndpointContext(
    IBusInstance bus, IReceiveEndpointConfiguration configuration, Func<string, TopicWriter> writers)
    : BaseReceiveEndpointContext(bus.HostConfiguration, configuration)
{
    /// <inheritdoc/>
    public override void AddSendAgent(IAgent agent) =>
        throw new NotSupportedException("A topic endpoint has no agents: its transport stops what it started.");

    /// <inheritdoc/>
    public override void AddConsumeAgent(IAgent agent) =>
        throw new NotSupportedException("A topic endpoint has no agents: its transport stops what it started.");

    /// <inheritdoc/>
    public override Exception ConvertException(Exception exception, string message) =>
        new ConnectionException($"{message}: {exception.Message}", exception, isTransient: true);

    /// <inheritdoc/>
    protected override ISendTransportProvider CreateSendTransportProvider() => new TopicSendTransportProvider(writers);

    /// <inheritdoc/>
    protected override ISendEndpointProvider CreateSendEndpointProvider() => new ByScheme(base.CreateSendEndpointProvider(), bus.Bus);

    /// <inheritdoc/>
    protected override IPublishEndpointProvider CreatePublishEndpointProvider() => bus.Bus;

    /// <inheritdoc/>
    protected override IPublishTransportProvider CreatePublishTransportProvider() =>
        throw new NotSupportedException("Messages are published by the bus, not by a topic endpoint.");

    private sealed class ByScheme(ISendEndpointProvider topics, ISendEndpointProvider bus) : ISendEndpointProvider
    {
        public ConnectHandle ConnectSendObserver(ISendObserver observer) => topics.ConnectSendObserver(observer);

        public Task<ISendEndpoint> GetSendEndpoint(Uri address) =>
            (address.Scheme == TopicAddress.Scheme ? topics : bus).GetSendEndpoint(address);
    }
}
