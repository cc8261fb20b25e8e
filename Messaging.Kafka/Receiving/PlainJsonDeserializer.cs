using System.Diagnostics.CodeAnalysis;
using System.Net.Mime;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Reads plain JSON of an endpoint's own message type straight from a record's bytes. All else is left to MassTransit's raw JSON
/// deserializer, which makes a document of the bytes first: other types, and what is not such a message, which it refuses in its own words.
/// </summary>
internal sealed class PlainJsonDeserializer<TMessage> : ISerializerFactory, IMessageDeserializer
    where TMessage : class
{
    private readonly IMessageDeserializer _other = PlainJsonSerializer.Instance.CreateDeserializer();

    /// <inheritdoc/>
    public ContentType ContentType => PlainJsonSerializer.Instance.ContentType;

    /// <inheritdoc/>
    public IMessageSerializer CreateSerializer() => PlainJsonSerializer.Instance;

    /// <inheritdoc/>
    public IMessageDeserializer CreateDeserializer() => this;

    /// <inheritdoc/>
    public ConsumeContext Deserialize(ReceiveContext receiveContext) => new BodyConsumeContext(
        receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    /// <inheritdoc/>
    public SerializerContext Deserialize(MessageBody body, MassTransit.Headers headers, Uri? destinationAddress = null)
    {
        var types = headers.GetMessageTypes();
        return Context.IsAmong(types, MessageUrn.ForTypeString<TMessage>()) && Read(body.GetBytes()) is { } message
            ? new Context(message, types, new RawMessageContext(headers, destinationAddress, RawSerializerOptions.Default), this, body)
            : _other.Deserialize(body, headers, destinationAddress);
    }

    /// <inheritdoc/>
    public MessageBody GetMessageBody(string text) => _other.GetMessageBody(text);

    /// <inheritdoc/>
    public void Probe(ProbeContext context) => _other.Probe(context);

    private static TMessage? Read(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<TMessage>(bytes, SystemTextJsonMessageSerializer.Options);
        }
        // Broad on purpose: whatever it was, MassTransit's deserializer meets it too, at its own time.
        catch (Exception)
        {
            return null;
        }
    }

    private sealed class Context(TMessage message, string[] types, MessageContext context, PlainJsonDeserializer<TMessage> owner, MessageBody body)
        : BaseSerializerContext(SystemTextJsonMessageSerializer.Instance, context, types)
    {
        private SerializerContext? _other;

        private SerializerContext Other => _other ??= owner._other.Deserialize(body, Headers, DestinationAddress);

        /// <summary>Whether a record of these types may be read as another; one that names none is of whatever type is asked for.</summary>
        public static bool IsAmong(string[] types, string type) => types.Length == 0 || types.Contains(type, StringComparer.OrdinalIgnoreCase);

        public override bool IsSupportedMessageType<T>() => IsAmong(SupportedMessageTypes, MessageUrn.ForTypeString<T>());

        public override bool IsSupportedMessageType(Type messageType) => IsAmong(SupportedMessageTypes, MessageUrn.ForTypeString(messageType));

        public override bool TryGetMessage<T>([NotNullWhen(true)] out T? result)
            where T : class
        {
            result = typeof(T) == typeof(TMessage) ? (T)(object)message : null;
            return result is not null || Other.TryGetMessage(out result);
        }

        public override bool TryGetMessage(Type messageType, [NotNullWhen(true)] out object? result)
        {
            result = messageType == typeof(TMessage) ? message : null;
            return result is not null || Other.TryGetMessage(messageType, out result);
        }

        public override IMessageSerializer GetMessageSerializer() => Other.GetMessageSerializer();

        public override IMessageSerializer GetMessageSerializer<T>(MessageEnvelope envelope, T message) => Other.GetMessageSerializer(envelope, message);

        public override IMessageSerializer GetMessageSerializer(object message, string[] messageTypes) => Other.GetMessageSerializer(message, messageTypes);

        public override Dictionary<string, object> ToDictionary<T>(T? message)
            where T : class => Other.ToDictionary(message);
    }
}
