using System.Diagnostics.CodeAnalysis;
using Confluent.Kafka;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// A record's headers for MassTransit, as text. A record without a <c>MessageId</c> has one that derives from where it lies, so that
/// a second delivery is the same message. Not thread safe, as little as the context it belongs to.
/// </summary>
internal sealed class RecordHeaderProvider(ConsumeResult<byte[]?, byte[]?> result, IHeadersDeserializer? deserializer) : IHeaderProvider
{
    private Dictionary<string, object>? _texts;
    private List<KafkaHeader>? _all;
    private string? _derivedId;

    /// <summary>The headers as they lie in the topic.</summary>
    public IReadOnlyList<KafkaHeader> All => _all ??= KafkaHeaders.FromClient(result.Message.Headers);

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, object>> GetAll() => Texts;

    /// <inheritdoc/>
    public bool TryGetHeader(string key, [NotNullWhen(true)] out object? value)
    {
        if (key == MessageHeaders.TransportSentTime)
        {
            value = RecordNumbers.Time(result.Message.Timestamp).UtcDateTime;
            return true;
        }

        value = Find(key) ?? (OtherName(key) is { } other ? Find(other) : null);
        return value is not null;
    }

    /// <summary>Whether the record says that its value is what almost all are: the text need not be parsed each time.</summary>
    public bool SaysPlainJson =>
        deserializer is null && result.Message.Headers is { } headers && headers.TryGetLastBytes(MessageHeaders.ContentType, out var type)
        && type.AsSpan().SequenceEqual("application/json"u8);

    /// <summary>Whether a record says that it has been delivered before.</summary>
    public static bool IsRedelivery(Delivery delivery) =>
        delivery.Result.Message.Headers is { } headers && headers.TryGetLastBytes(MessageHeaders.RedeliveryCount, out _);

    private Dictionary<string, object> Texts => _texts ??= Read();

    /// <summary>MassTransit asks for a few headers by name: only those are made into text.</summary>
    private object? Find(string name)
    {
        if (deserializer is not null || _texts is not null)
            return Texts.GetValueOrDefault(name);
        var text = KafkaHeaders.FindText(result.Message.Headers, name);
        return name == MessageHeaders.MessageId && !Guid.TryParse(text, out _) ? _derivedId ??= DeriveId() : text;
    }

    private Dictionary<string, object> Read()
    {
        var texts = deserializer is null ? KafkaHeaders.ToTexts(result.Message.Headers) : ReadBy(deserializer);
        if (!Guid.TryParse(texts.GetValueOrDefault(MessageHeaders.MessageId)?.ToString(), out _))
            texts[MessageHeaders.MessageId] = DeriveId();
        return texts;
    }

    private string DeriveId() =>
        DerivedMessageId.Of(result.Topic, result.Partition, result.Offset, RecordNumbers.Time(result.Message.Timestamp).ToUnixTimeMilliseconds()).ToString();

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
