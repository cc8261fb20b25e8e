using MassTransit;
using MassTransit.Transports;

namespace Messaging.Kafka.Sending;

/// <summary>Makes a topic a send endpoint: <c>GetSendEndpoint(new Uri("topic:name"))</c>. Records sent this way have no key.</summary>
internal sealed class TopicSendTransport(TopicWriter writer) : ISendTransport
{
    /// <inheritdoc/>
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => writer.Transport.ConnectSendObserver(observer);

    /// <inheritdoc/>
    public Task<SendContext<T>> CreateSendContext<T>(T message, IPipe<SendContext<T>> pipe, CancellationToken cancellationToken)
        where T : class => writer.Transport.CreateSendContext(message, pipe, cancellationToken);

    /// <inheritdoc/>
    public async Task Send<T>(T message, IPipe<SendContext<T>> pipe, CancellationToken cancellationToken)
        where T : class
    {
        var context = new KafkaMessageSendContext<byte[]?, T>(null, message, cancellationToken);
        await pipe.Send(context);
        await writer.Send(context, context);
    }
}

/// <summary>Finds the send transport of a topic's address.</summary>
internal sealed class TopicSendTransportProvider(Func<string, TopicWriter> writers) : ISendTransportProvider
{
    /// <inheritdoc/>
    public Task<ISendTransport> GetSendTransport(Uri address) =>
        Task.FromResult<ISendTransport>(new TopicSendTransport(writers(TopicAddress.TopicOf(address))));

    /// <inheritdoc/>
    public Uri NormalizeAddress(Uri address) => address;
}
