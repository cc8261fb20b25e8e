using System.Net.Mime;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;

namespace Messaging.Kafka.Sending;

/// <summary>
/// Plain JSON: the message alone, without envelope or white space. What MassTransit knows of a message travels in the record's
/// headers. Read by MassTransit's raw JSON deserializer, which also takes records without headers.
/// </summary>
internal sealed class PlainJsonSerializer : IMessageSerializer, ISerializerFactory
{
    /// <summary>The one instance.</summary>
    public static readonly PlainJsonSerializer Instance = new();

    /// <summary>MassTransit's options without white space: for values, keys and headers.</summary>
    public static readonly JsonSerializerOptions Compact = new(SystemTextJsonMessageSerializer.Options) { WriteIndented = false };

    /// <inheritdoc cref="IMessageSerializer.ContentType"/>
    public ContentType ContentType => SystemTextJsonRawMessageSerializer.JsonContentType;

    /// <inheritdoc/>
    public MessageBody GetMessageBody<T>(SendContext<T> context)
        where T : class => new BytesMessageBody(JsonSerializer.SerializeToUtf8Bytes(context.Message, Compact));

    /// <inheritdoc/>
    public IMessageSerializer CreateSerializer() => this;

    /// <summary>A foreign <c>MT-MessageType</c> stays foreign, and its message unhandled; a record without one is of the endpoint's type.</summary>
    public IMessageDeserializer CreateDeserializer() => new SystemTextJsonRawMessageSerializer(RawSerializerOptions.Default);
}
