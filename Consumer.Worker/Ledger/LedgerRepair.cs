using System.Globalization;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Contracts;
using Messaging.Kafka.Inspection;
using Persistence.Ledger;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Ledger;

/// <summary>
/// Puts back what the ledger has found: writes the mail's bytes again, under the same id and as the very record that its row waits for.
/// Repairing twice writes at most a second copy of one record, and the claim lets one of them through.
/// </summary>
internal sealed class LedgerRepair(KafkaInspector kafka, TopicReader reader, RecordWriter writer, LedgerStore store, MailTopics names, TimeProvider timeProvider)
{
    private const string Gone =
        "its bytes are neither in the topic nor in a failure: its sender must post it again. docs/operations.md says how to close its row";

    /// <summary>Repairs each finding that it can, and notes in it what was done or why not.</summary>
    public async Task RepairAsync(IReadOnlyList<Finding> findings, CancellationToken cancellationToken)
    {
        var repairable = findings.Where(finding => finding.RepairBy != RepairKind.None).ToList();
        var topic = await (await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken)).WithEndsAsync(cancellationToken);
        foreach (var (finding, record) in new RecordsAt(reader).Read(repairable, topic, cancellationToken))
            await PutBackAsync(finding, record.Key, record.Value, record.Headers.ToRecord());

        foreach (var finding in repairable.Where(finding => !finding.Repaired))
        {
            if (finding is { Kind: FindingKind.Mail, MailId: { } id } && await store.FindStoredAsync(id, cancellationToken) is { } stored)
                await PutBackAsync(finding, stored.Key, stored.Value, stored.Headers);
            else
                finding.Repair = Gone;
        }
    }

    private async Task PutBackAsync(Finding finding, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers)
    {
        var (topic, complete) = finding.RepairBy switch
        {
            RepairKind.SameRecord => (names.TopicOf(finding.Topic), Same(finding, headers)),
            RepairKind.DeadLetter => (names.DeadLetters, DeadLetter(finding, headers)),
            _ => (names.TopicOf(finding.Topic), Next(finding, headers)),
        };
        var written = await writer.WriteAsync(topic, key, value, complete.ToKafka());
        finding.Repaired = true;
        finding.Repair = string.Create(CultureInfo.InvariantCulture, $"written to {written.Topic}/{written.Partition.Value} at offset {written.Offset.Value}");
    }

    /// <summary>The headers as they were. An id that derives from where the record lay is written down, or the copy would be another mail.</summary>
    private static List<RecordHeader> Same(Finding finding, IReadOnlyList<RecordHeader> headers)
    {
        var id = finding.MailId!.Value;
        return headers.Last(HeaderNames.MessageId).AsId() == id
            ? [.. headers]
            : [.. headers.Where(header => header.Name != HeaderNames.MessageId), new RecordHeader(HeaderNames.MessageId, id)];
    }

    /// <summary>The mail's own headers, and the identity that its row waits for.</summary>
    private static List<RecordHeader> Next(Finding finding, IReadOnlyList<RecordHeader> headers)
    {
        var result = headers.Where(header => !HeaderNames.IsOfOneDelivery(header.Name)).ToList();
        result.Add(new RecordHeader(HeaderNames.MessageId, finding.MailId!.Value));
        if (finding.Epoch is > 0 and { } epoch)
            result.Add(new RecordHeader(HeaderNames.Epoch, epoch));
        if (finding.Attempt is > 1 and { } attempt)
            result.Add(new RecordHeader(HeaderNames.RedeliveryCount, attempt - 1));
        return result;
    }

    private List<RecordHeader> DeadLetter(Finding finding, IReadOnlyList<RecordHeader> headers)
    {
        var conflict = finding.Kind == FindingKind.Record;
        var (type, message) = conflict
            ? (typeof(IdempotencyConflictException).FullName!, "The record is another mail under the id of one that is recorded. The ledger found it committed, without a failure.")
            : (typeof(PermanentMailException).FullName!, finding.LastError ?? "The mail is dead, and its dead letter was lost; the ledger found it.");
        return
        [
            .. Next(finding, headers),
            .. conflict ? [new RecordHeader(HeaderNames.FaultConflict, finding.MailId!.Value)] : Array.Empty<RecordHeader>(),
            new RecordHeader(HeaderNames.Reason, "fault"),
            new RecordHeader(HeaderNames.OriginalTopic, finding.Topic ?? names.Mails),
            new RecordHeader(HeaderNames.OriginalPartition, finding.Partition ?? 0),
            new RecordHeader(HeaderNames.OriginalOffset, finding.Offset ?? 0),
            new RecordHeader(HeaderNames.OriginalTimestamp, finding.Timestamp?.ToUnixTimeMilliseconds() ?? 0),
            new RecordHeader(HeaderNames.OriginalGroup, names.Group),
            new RecordHeader(HeaderNames.FaultExceptionType, type),
            new RecordHeader(HeaderNames.FaultMessage, message),
            new RecordHeader(HeaderNames.FaultTimestamp, HeaderText.Of(timeProvider.GetUtcNow())),
        ];
    }
}
