using System.Security.Cryptography;
using Contracts;
using MassTransit;
using Messaging.Kafka.Inspection;
using Persistence.Ledger;
using Persistence.Mails;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Ledger;

/// <summary>Reads of a record what the ledger must know.</summary>
internal static class LedgerRecords
{
    public static LedgerRecord Of(KafkaRecord record) => new(
        record.Topic, record.Partition, record.Offset, record.Timestamp, Identity(record), SHA256.HashData(record.Value ?? []));

    /// <summary>Mail, epoch and attempt. A header that makes no sense counts as absent, as it does in the record's dead letter.</summary>
    public static RecordIdentity Identity(KafkaRecord record) =>
        new(record.MessageId(), Number(record, HeaderNames.Epoch), Number(record, HeaderNames.RedeliveryCount) + 1);

    private static int Number(KafkaRecord record, string name) => record.Headers.ToRecord().Last(name).AsNumber() ?? 0;
}
