using System.Net.Mime;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Initializers;
using MassTransit.Transports;

namespace Messaging.Kafka.Sending;

/// <summary>The producer of one message type and topic; shared by all scopes.</summary>
/// <param name="writer">Writes to the topic.</param>
/// <param name="sendPipe">The filters that the application configured for what is sent.</param>
/// <param name="serializers">Serialize key and value.</param>
/// <param name="sourceAddress">The address that messages say they come from.</param>
internal sealed class TopicProducer<TKey, TValue>(
    TopicWriter writer, ISendPipe sendPipe, RecordSerializers<TKey, TValue> serializers, Uri sourceAddress)
    where TValue : class
{
    private readonly Uri _destination = TopicAddress.Of(writer.Topic);

    /// <summary>Connects an observer of everything that this producer sends.</summary>
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => writer.Transport.ConnectSendObserver(observer);

    /// <summary>Produces a message; the pipes are run in the order given.</summary>
    public Task Produce(
        TKey key, TValue value, ProducerScope scope, IPipe<SendContext<TValue>>? initializer, IPipe<KafkaSendContext<TKey, TValue>>? pipe,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(value);
        var consumed = scope.Consumed;
        return consumed is null
            ? Send(key, value, scope, null, initializer, pipe, cancellationToken)
            : SendWhileConsuming(key, value, scope, consumed, initializer, pipe, cancellationToken);
    }

    /// <summary>Makes a message of an object's properties.</summary>
    public static async Task<(TValue Message, IPipe<SendContext<TValue>> Pipe)> Initialize(object values, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        var (message, pipe) = await MessageInitializerCache<TValue>.InitializeMessage(values, cancellationToken);
        return (message, pipe);
    }

    /// <summary>A method of its own, since its closure would be made for every message.</summary>
    private Task SendWhileConsuming(
        TKey key, TValue value, ProducerScope scope, ConsumeContext consumed, IPipe<SendContext<TValue>>? initializer,
        IPipe<KafkaSendContext<TKey, TValue>>? pipe, CancellationToken cancellationToken) =>
        ProducerScope.Send(consumed, () => Send(key, value, scope, consumed, initializer, pipe, cancellationToken));

    private Task Send(
        TKey key, TValue value, ProducerScope scope, ConsumeContext? consumed, IPipe<SendContext<TValue>>? initializer,
        IPipe<KafkaSendContext<TKey, TValue>>? pipe, CancellationToken cancellationToken)
    {
        var context = new KafkaMessageSendContext<TKey, TValue>(key, value, cancellationToken)
        {
            DestinationAddress = _destination,
            Serializer = PlainJsonSerializer.Instance,
            Serialization = writer.Transport.Serialization,
            KeySerializer = serializers.Key,
            ValueSerializer = serializers.Value,
        };
        if (serializers.ContentType is { } contentType)
            context.ContentType = contentType;
        scope.Prepare(context, consumed);
        context.SourceAddress ??= sourceAddress;

        // Mostly no pipe has to wait for anything: then the message costs no state machine of its own here.
        var prepared = RunPipes(context, initializer, pipe);
        return prepared.IsCompletedSuccessfully ? writer.Send(context, context) : SendAfter(prepared, context);
    }

    private async Task RunPipes(
        KafkaMessageSendContext<TKey, TValue> context, IPipe<SendContext<TValue>>? initializer, IPipe<KafkaSendContext<TKey, TValue>>? pipe)
    {
        LogContext.SetCurrentIfNull(writer.Transport.LogContext);
        await sendPipe.Send(context);
        if (initializer is not null && initializer.IsNotEmpty())
            await initializer.Send(context);
        if (pipe is not null && pipe.IsNotEmpty())
            await pipe.Send(context);
    }

    private async Task SendAfter(Task prepared, KafkaMessageSendContext<TKey, TValue> context)
    {
        await prepared;
        await writer.Send(context, context);
    }
}

/// <summary>What writes the keys and values of a producer.</summary>
/// <param name="Key">Writes keys; null writes none.</param>
/// <param name="Value">Writes values; null: plain JSON.</param>
/// <param name="ContentType">What values are called; null: as the serializer that writes them says.</param>
internal sealed record RecordSerializers<TKey, TValue>(IAsyncSerializer<TKey>? Key, IAsyncSerializer<TValue>? Value, ContentType? ContentType);
