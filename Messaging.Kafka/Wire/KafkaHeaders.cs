using System.Globalization;
using System.Text;
using System.Text.Json;
using MassTransit;
using Messaging.Kafka.Sending;
using Headers = Confluent.Kafka.Headers;

namespace Messaging.Kafka.Wire;

/// <summary>
/// Every conversion of headers. A message's are written under the names and in the text encodings of MassTransit's own Kafka rider, with
/// W3C's <c>traceparent</c>. The client has a type of its own for headers; within the rider they are <see cref="KafkaHeader"/>s.
/// </summary>
internal static class KafkaHeaders
{
    /// <summary>The W3C trace context's header (https://www.w3.org/TR/trace-context/).</summary>
    public const string TraceParent = "traceparent";

    /// <summary>MassTransit's own header for the same.</summary>
    public const string ActivityId = "MT-Activity-Id";

    /// <summary>The length of an id as text.</summary>
    private const int IdLength = 36;

    /// <summary>The headers of a message that is being sent.</summary>
    public static Headers From(SendContext context)
    {
        var headers = new Headers();
        foreach (var header in context.Headers)
        {
            if (Format(header.Value) is { } text)
                headers.Set(header.Key == ActivityId ? TraceParent : header.Key, text);
        }

        headers.SetId(nameof(MessageContext.MessageId), context.MessageId);
        headers.SetId(nameof(MessageContext.CorrelationId), context.CorrelationId);
        headers.SetId(nameof(MessageContext.ConversationId), context.ConversationId);
        headers.SetId(nameof(MessageContext.InitiatorId), context.InitiatorId);
        headers.SetId(nameof(MessageContext.RequestId), context.RequestId);
        headers.SetAddress(nameof(MessageContext.DestinationAddress), context.DestinationAddress);
        headers.SetAddress(nameof(MessageContext.SourceAddress), context.SourceAddress);
        headers.SetAddress(MessageHeaders.ResponseAddress, context.ResponseAddress);
        headers.SetAddress(MessageHeaders.FaultAddress, context.FaultAddress);
        if (context.ContentType is { } contentType)
            headers.Set(MessageHeaders.ContentType, contentType.ToString());
        return headers;
    }

    /// <summary>Sets a header of the client's, in place of all of that name.</summary>
    public static void Set(this Headers headers, string name, string value) => headers.Set(name, Encoding.UTF8.GetBytes(value));

    /// <summary>Sets a header, in place of all of that name.</summary>
    public static void Set(this List<KafkaHeader> headers, string name, string value)
    {
        headers.Remove(name);
        headers.Add(Text(name, value));
    }

    /// <summary>A header whose value is text.</summary>
    public static KafkaHeader Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    /// <summary>Removes all headers of a name.</summary>
    public static void Remove(this List<KafkaHeader> headers, string name) => headers.RemoveAll(header => header.Name == name);

    /// <summary>The last header of a name as text, or null.</summary>
    public static string? FindText(Headers? headers, string name) =>
        headers is not null && headers.TryGetLastBytes(name, out var value) && value is not null ? Encoding.UTF8.GetString(value) : null;

    /// <inheritdoc cref="FindText(Headers?, string)"/>
    public static string? FindText(this IReadOnlyList<KafkaHeader> headers, string name)
    {
        for (var i = headers.Count - 1; i >= 0; i--)
        {
            if (headers[i].Name == name)
                return headers[i].Value is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        }

        return null;
    }

    /// <summary>The headers as text; of several with one name, the last.</summary>
    public static Dictionary<string, object> ToTexts(Headers? headers)
    {
        var texts = new Dictionary<string, object>((headers?.Count ?? 0) + 1, StringComparer.Ordinal);
        for (var i = 0; i < (headers?.Count ?? 0); i++)
        {
            if (headers![i].GetValueBytes() is { } bytes)
                texts[headers[i].Key] = Encoding.UTF8.GetString(bytes);
        }

        return texts;
    }

    /// <summary>The headers in the client's type.</summary>
    public static Headers ToClient(this IReadOnlyList<KafkaHeader> headers)
    {
        var result = new Headers();
        foreach (var header in headers)
            result.Add(header.Name, header.Value);
        return result;
    }

    /// <summary>The headers out of the client's type.</summary>
    public static List<KafkaHeader> FromClient(Headers? headers)
    {
        if (headers is null)
            return [];
        var result = new List<KafkaHeader>(headers.Count);
        for (var i = 0; i < headers.Count; i++)
            result.Add(new KafkaHeader(headers[i].Key, headers[i].GetValueBytes()));
        return result;
    }

    private static void Set(this Headers headers, string name, byte[] value)
    {
        if (headers.TryGetLastBytes(name, out _))
            headers.Remove(name);
        headers.Add(name, value);
    }

    private static void SetId(this Headers headers, string name, Guid? id)
    {
        if (id is not { } value)
            return;
        var text = new byte[IdLength];
        value.TryFormat(text, out _);
        headers.Set(name, text);
    }

    private static void SetAddress(this Headers headers, string name, Uri? address)
    {
        if (address is not null)
            headers.Set(name, address.ToString());
    }

    private static string? Format(object? value) => value switch
    {
        null => null,
        string text => text,
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
        Uri address => address.ToString(),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        _ => JsonSerializer.Serialize(value, PlainJsonSerializer.Compact),
    };
}
