using MassTransit;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Inspection;

/// <summary>What an endpoint would make of a record.</summary>
public static class KafkaRecordExtensions
{
    /// <summary>The record's message id: its <c>MessageId</c> header, or, without one, what derives from where it lies.</summary>
    public static Guid MessageId(this KafkaRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Guid.TryParse(record.HeaderText(MessageHeaders.MessageId), out var id)
            ? id
            : DerivedMessageId.Of(record.Topic, record.Partition, record.Offset, record.Timestamp.ToUnixTimeMilliseconds());
    }

    /// <summary>The last header of a name as text, or null.</summary>
    public static string? HeaderText(this KafkaRecord record, string name)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Headers.FindText(name);
    }
}
