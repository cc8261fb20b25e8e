using System.Diagnostics.CodeAnalysis;
using System.Net.Mime;
using System.Runtime.Serialization;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Serialization;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Receiving;

/// <summary>An application's own deserializer of values, as one of MassTransit's.</summary>
/// <param name="deserializer">The deserializer.</param>
/// <param name="circuits">The endpoint's circuits, once they are built; null where it has none. What a deserializer asks may be away, too: a schema registry.</param>
internal sealed class ValueSerialization<TValue>(IDeserializer<TValue> deserializer, Func<PauseCircuits?> circuits) : ISerializerFactory, IMessageDeserializer
    where TValue : class
{
    /// <summary>Stands for the deserializer alone, and never on the wire.</summary>
    public ContentType ContentType { get; } = new("application/vnd.kafka.value");

    /// <inheritdoc/>
    public IMessageSerializer CreateSerializer() => PlainJsonSerializer.Instance;

    /// <inheritdoc/>
    public IMessageDeserializer CreateDeserializer() => this;

    /// <inheritdoc/>
    public ConsumeContext Deserialize(ReceiveContext receiveContext)
    {
        try
        {
            return new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));
        }
        catch (Exception exception) when (circuits() is { } pausing && pausing.Concerns(exception, receiveContext.GetPayload<KafkaConsumeRecord>().Pauses))
        {
            throw circuits()!.Pause(exception);
        }
    }

    /// <inheritdoc/>
    public SerializerContext Deserialize(MessageBody body, MassTransit.Headers headers, Uri? destinationAddress = null)
    {
        var record = (RecordBody)body;
        var value = deserializer.Deserialize(
            record.Value, record.Value is null, new SerializationContext(MessageComponentType.Value, record.Topic, record.Headers));
        return value is null
            ? throw new SerializationException(record.Value is null ? "The record has no value (a tombstone)." : "The value's deserializer returned no message.")
            : new Context(value, new RawMessageContext(headers, destinationAddress, RawSerializerOptions.Default));
    }

    /// <inheritdoc/>
    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    /// <inheritdoc/>
    public void Probe(ProbeContext context) => context.CreateScope("kafkaValue").Add("deserializer", TypeCache.GetShortName(deserializer.GetType()));

    private sealed class Context(TValue value, MessageContext message)
        : BaseSerializerContext(SystemTextJsonMessageSerializer.Instance, message, MessageTypeCache<TValue>.MessageTypeNames)
    {
        public override bool TryGetMessage<T>([NotNullWhen(true)] out T? result)
            where T : class => (result = value as T) is not null;

        public override bool TryGetMessage(Type messageType, [NotNullWhen(true)] out object? result) => (result = messageType.IsInstanceOfType(value) ? value : null) is not null;

        public override IMessageSerializer GetMessageSerializer() => PlainJsonSerializer.Instance;

        public override IMessageSerializer GetMessageSerializer<T>(MessageEnvelope envelope, T message) => PlainJsonSerializer.Instance;

        public override IMessageSerializer GetMessageSerializer(object message, string[] messageTypes) => PlainJsonSerializer.Instance;

        public override Dictionary<string, object> ToDictionary<T>(T? message)
            where T : class => SystemTextJsonMessageSerializer.Instance.DeserializeObject<Dictionary<string, object>>(message) ?? [];
    }
}
