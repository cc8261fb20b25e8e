using MassTransit;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Sending;

/// <summary>
/// A message that MassTransit's redelivery filter sends back to the topic it came from: the record is written again as it was, key,
/// bytes and headers, because what the filter gives has lost the key and would be serialized again.
/// </summary>
internal sealed class Redelivery
{
    private readonly List<KafkaHeader> _headers;

    private Redelivery(KafkaReceiveContext record, List<KafkaHeader> headers)
    {
        Record = record;
        _headers = headers;
    }

    /// <summary>The record as it was read.</summary>
    public KafkaReceiveContext Record { get; }

    /// <summary>The redelivery that a send is, or null where it is a message like any other.</summary>
    public static Redelivery? Of(SendContext context, string topic)
    {
        if (!context.TryGetPayload(out ConsumeContext? consumed)
            || !consumed.TryGetPayload(out KafkaReceiveContext? record)
            || record.Topic != topic
            || !context.Headers.TryGetHeader(MessageHeaders.RedeliveryCount, out var count))
        {
            return null;
        }

        var headers = record.RecordHeaders.Where(header => !FaultHeaders.IsFaultHeader(header.Name)).ToList();
        headers.RemoveAll(header => DelayHeaders.IsOne(header.Name));
        headers.Set(MessageHeaders.RedeliveryCount, Convert.ToString(count, System.Globalization.CultureInfo.InvariantCulture)!);

        // A record without an id has one by where it lies, which is elsewhere from now on. ReplaceMessageId changes it, too.
        if (context.MessageId is { } id)
            headers.Set(MessageHeaders.MessageId, id.ToString());
        if (context.Headers.TryGetHeader(MessageHeaders.OriginalMessageId, out var original))
            headers.Set(MessageHeaders.OriginalMessageId, original.ToString()!);
        return new Redelivery(record, headers);
    }

    /// <summary>The headers to write to a delay topic.</summary>
    /// <param name="tiers">The delay topics.</param>
    /// <param name="due">When it is due.</param>
    public IReadOnlyList<KafkaHeader> HeadersUntil(DelayTiers tiers, string due)
    {
        foreach (var (name, value) in tiers.HeadersUntil(due))
            _headers.Set(name, value);
        if (tiers.Endpoint is { } endpoint)
            _headers.Set(DelayHeaders.Endpoint, endpoint.Text);
        return _headers;
    }
}
