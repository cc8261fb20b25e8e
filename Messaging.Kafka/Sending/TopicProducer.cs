using Confluent.Kafka;
using MassTransit;
using MassTransit.Initializers;
using MassTransit.Transports;

namespace Messaging.Kafka.Sending;

/// <summary>The producer of one message type and topic; shared by all scopes.</summary>
/// <param name="writer">Writes to the topic.</param>
/// <param name="sendPipe">The filters that the application configured for what is sent.</param>
/// <param name="serializer">Serializes the value, where the application set no serializer of its own.</param>
/// <param name="keySerializer">Serializes the key.</param>
/// <param name="valueSerializer">The application's own serializer, or null.</param>
/// <param name="sourceAddress">The address that messages say they come from.</param>
internal sealed class TopicProducer<TKey, TValue>(
    TopicWriter writer, ISendPipe sendPipe, IMessageSerializer serializer,
    ISerializer<TKey>? keySerializer, ISerializer<TValue>? valueSerializer, Uri sourceAddress)
    where TValue : class
{
    private readonly Uri _destination = TopicAddress.Of(writer.Topic);

    /// <summary>Connects an observer of everything that this producer sends.</summary>
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => writer.Transport.ConnectSendObserver(observer);

    /// <summary>Produces a message; the pipes are run in the order given.</summary>
    public async Task Produce(
        TKey key, TValue value, ConsumeContext? consumed, IPipe<SendContext<TValue>>? initializer, IPipe<KafkaSendContext<TKey, TValue>> pipe,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(value);
        LogContext.SetCurrentIfNull(writer.Transport.LogContext);
        var context = new KafkaMessageSendContext<TKey, TValue>(key, value, cancellationToken)
        {
            DestinationAddress = _destination,
            Serializer = serializer,
            Serialization = writer.Transport.Serialization,
        };
        if (consumed is not null)
            context.TransferConsumeContextHeaders(consumed);
        context.SourceAddress ??= sourceAddress;

        await sendPipe.Send(context);
        if (initializer is not null && initializer.IsNotEmpty())
            await initializer.Send(context);
        if (pipe.IsNotEmpty())
            await pipe.Send(context);

        await writer.Send(context, () => SerializeKey(context), () => SerializeValue(context), context.Partition);
    }

    /// <summary>Makes a message of an object's properties.</summary>
    public static async Task<(TValue Message, IPipe<SendContext<TValue>> Pipe)> Initialize(object values, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        var (message, pipe) = await MessageInitializerCache<TValue>.InitializeMessage(values, cancellationToken);
        return (message, pipe);
    }

    private byte[]? SerializeKey(KafkaMessageSendContext<TKey, TValue> context) =>
        context.Key is null ? null : keySerializer?.Serialize(context.Key, new SerializationContext(MessageComponentType.Key, writer.Topic));

    private byte[] SerializeValue(KafkaMessageSendContext<TKey, TValue> context) =>
        valueSerializer is null
            ? context.Body.GetBytes()
            : valueSerializer.Serialize(context.Message, new SerializationContext(MessageComponentType.Value, writer.Topic));
}

/// <summary>A producer in a scope: inside a consumer it carries on the conversation of the message that is consumed.</summary>
internal sealed class ScopedTopicProducer<TKey, TValue>(TopicProducer<TKey, TValue> producer, Func<ConsumeContext?> consumed) : ITopicProducer<TKey, TValue>
    where TValue : class
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => producer.ConnectSendObserver(observer);

    public Task Produce(TKey key, TValue value, CancellationToken cancellationToken = default) =>
        Produce(key, value, Pipe.Empty<KafkaSendContext<TKey, TValue>>(), cancellationToken);

    public Task Produce(TKey key, TValue value, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default) =>
        producer.Produce(key, value, consumed(), initializer: null, pipe, cancellationToken);

    public Task Produce(TKey key, object values, CancellationToken cancellationToken = default) =>
        Produce(key, values, Pipe.Empty<KafkaSendContext<TKey, TValue>>(), cancellationToken);

    public async Task Produce(TKey key, object values, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default)
    {
        var (message, initializer) = await TopicProducer<TKey, TValue>.Initialize(values, cancellationToken);
        await producer.Produce(key, message, consumed(), initializer, pipe, cancellationToken);
    }
}

/// <summary>A producer whose keys a resolver takes from the message.</summary>
internal sealed class KeyedTopicProducer<TKey, TValue>(TopicProducer<TKey, TValue> producer, KafkaKeyResolver<TKey, TValue> resolver, Func<ConsumeContext?> consumed)
    : ITopicProducer<TValue>
    where TValue : class
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => producer.ConnectSendObserver(observer);

    public Task Produce(TValue message, CancellationToken cancellationToken = default) =>
        Produce(message, Pipe.Empty<KafkaSendContext<TValue>>(), cancellationToken);

    public Task Produce(TValue message, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default) =>
        Produce(message, initializer: null, pipe, cancellationToken);

    public Task Produce(object values, CancellationToken cancellationToken = default) =>
        Produce(values, Pipe.Empty<KafkaSendContext<TValue>>(), cancellationToken);

    public async Task Produce(object values, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default)
    {
        var (message, initializer) = await TopicProducer<TKey, TValue>.Initialize(values, cancellationToken);
        await Produce(message, initializer, pipe, cancellationToken);
    }

    private Task Produce(TValue message, IPipe<SendContext<TValue>>? initializer, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken)
    {
        // The resolver sees the context as the application's pipe has left it, so it runs behind that.
        var resolve = Pipe.New<KafkaSendContext<TKey, TValue>>(configurator => configurator.UseExecuteAsync(async context =>
        {
            if (pipe.IsNotEmpty())
                await pipe.Send(context);
            context.Key = resolver(context);
        }));
        return producer.Produce(default!, message, consumed(), initializer, resolve, cancellationToken);
    }
}
