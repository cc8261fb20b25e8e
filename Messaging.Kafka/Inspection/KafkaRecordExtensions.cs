using System.Text;
using MassTransit;
using Messaging.Kafka.Receiving;

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
        for (var i = record.Headers.Count - 1; i >= 0; i--)
        {
            if (record.Headers[i].Name == name)
                return record.Headers[i].Value is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        }

        return null;
    }
}
