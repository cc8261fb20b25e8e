using System.Diagnostics.CodeAnalysis;
using System.Text;
using Confluent.Kafka;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// A record's headers for MassTransit, as text. A record without a <c>MessageId</c> has one that derives from where it lies, so that
/// a second delivery is the same message. Not thread safe, as little as the context it belongs to.
/// </summary>
internal sealed class RecordHeaderProvider(ConsumeResult<byte[]?, byte[]?> result, IHeadersDeserializer? deserializer) : IHeaderProvider
{
    private Dictionary<string, object>? _texts;
    private List<KafkaHeader>? _all;

    /// <summary>The headers as they lie in the topic.</summary>
    public IReadOnlyList<KafkaHeader> All => _all ??= KafkaHeaders.FromClient(result.Message.Headers);

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, object>> GetAll() => Texts;

    /// <inheritdoc/>
    public bool TryGetHeader(string key, [NotNullWhen(true)] out object? value)
    {
        if (key == MessageHeaders.TransportSentTime)
        {
            value = result.Message.Timestamp.UtcDateTime;
            return true;
        }

        return Texts.TryGetValue(key, out value) || (OtherName(key) is { } other && Texts.TryGetValue(other, out value));
    }

    /// <summary>Whether a record says that it has been delivered before.</summary>
    public static bool IsRedelivery(Delivery delivery) =>
        delivery.Result.Message.Headers is { } headers && headers.TryGetLastBytes(MessageHeaders.RedeliveryCount, out _);

    private Dictionary<string, object> Texts => _texts ??= Read();

    private Dictionary<string, object> Read()
    {
        var texts = deserializer is null ? ReadTexts() : ReadBy(deserializer);
        if (!texts.TryGetValue(MessageHeaders.MessageId, out var id) || !Guid.TryParse(id.ToString(), out _))
            texts[MessageHeaders.MessageId] = DerivedMessageId.Of(result.Topic, result.Partition, result.Offset, result.Message.Timestamp.UnixTimestampMs).ToString();
        return texts;
    }

    /// <summary>By the application's own; the two headers without which redelivery would not work come from the record all the same.</summary>
    private Dictionary<string, object> ReadBy(IHeadersDeserializer own)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, value) in own.Deserialize(result.Message.Headers ?? []).GetAll())
            values[name] = value;
        foreach (var name in new[] { MessageHeaders.MessageId, MessageHeaders.RedeliveryCount })
        {
            if (!values.ContainsKey(name) && KafkaHeaders.FindText(result.Message.Headers, name) is { } text)
                values[name] = text;
        }

        return values;
    }

    private Dictionary<string, object> ReadTexts()
    {
        var headers = result.Message.Headers;
        var texts = new Dictionary<string, object>((headers?.Count ?? 0) + 1, StringComparer.Ordinal);
        for (var i = 0; i < (headers?.Count ?? 0); i++)
        {
            if (headers![i].GetValueBytes() is { } bytes)
                texts[headers[i].Key] = Encoding.UTF8.GetString(bytes);
        }

        return texts;
    }

    /// <summary>MassTransit's deserializers ask for other names than its Kafka rider writes; both are the same header.</summary>
    private static string? OtherName(string name) => name switch
    {
        MessageHeaders.InitiatorId => nameof(MessageContext.InitiatorId),
        MessageHeaders.SourceAddress => nameof(MessageContext.SourceAddress),
        MessageHeaders.ResponseAddress => nameof(MessageContext.ResponseAddress),
        MessageHeaders.FaultAddress => nameof(MessageContext.FaultAddress),
        KafkaHeaders.ActivityId => KafkaHeaders.TraceParent,
        _ => null,
    };
}
