using System.Globalization;
using System.Text;
using Consumer.Worker.Sending;
using Consumer.Worker.Hosting;
using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using Messaging.Kafka.Inspection;
using Persistence.Ledger;

namespace Consumer.Worker.Ledger;

/// <summary>
/// Puts back what the ledger has found: writes the mail's bytes again, under the same id and as the very record that its row waits for.
/// Repairing twice writes at most a second copy of one record, and the claim lets one of them through.
/// </summary>
internal sealed class LedgerRepair(KafkaInspector kafka, TopicReader reader, RecordWriter writer, LedgerStore store, MailTopics names, TimeProvider timeProvider)
{
    private const string Gone =
        "its bytes are neither in the topic nor in a failure: who posted it must post it again. docs/operations.md says how to close its row";

    /// <summary>Repairs each finding that it can, and notes in it what was done or why not.</summary>
    public async Task RepairAsync(IReadOnlyList<Finding> findings, CancellationToken cancellationToken)
    {
        var repairable = findings.Where(finding => finding.RepairBy != RepairKind.None).ToList();
        var topic = await (await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken)).WithEndsAsync(cancellationToken);
        foreach (var (finding, record) in new RecordsAt(reader).Read(repairable, topic, cancellationToken))
            await PutBackAsync(finding, record.Key, record.Value, record.Headers);

        foreach (var finding in repairable.Where(finding => !finding.Repaired))
        {
            if (finding is { Kind: FindingKind.Mail, MailId: { } id } && await store.FindStoredAsync(id, cancellationToken) is { } kept)
                await PutBackAsync(finding, kept.Key, kept.Value, [.. kept.Headers.Select(header => new KafkaHeader(header.Name, header.Value?.ToArray()))]);
            else
                finding.Repair = Gone;
        }
    }

    private async Task PutBackAsync(Finding finding, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers)
    {
        var (topic, complete) = finding.RepairBy switch
        {
            RepairKind.SameRecord => (names.Mails, Same(finding, headers)),
            RepairKind.DeadLetter => (names.DeadLetters, DeadLetter(finding, headers)),
            _ => (names.Mails, Next(finding, headers)),
        };
        var written = await writer.WriteAsync(topic, key, value, complete);
        finding.Repaired = true;
        finding.Repair = string.Create(CultureInfo.InvariantCulture, $"written to {written.Topic}/{written.Partition.Value} at offset {written.Offset.Value}");
    }

    /// <summary>The headers as they were. An id that derives from where the record lay is written down, or the copy would be another mail.</summary>
    private static List<KafkaHeader> Same(Finding finding, IReadOnlyList<KafkaHeader> headers)
    {
        var id = Text(HeaderNames.MessageId, finding.MailId!.Value.ToString());
        var said = headers.LastOrDefault(header => header.Name == HeaderNames.MessageId).Value;
        return said is not null && Guid.TryParse(said, out var given) && given == finding.MailId
            ? [.. headers]
            : [.. headers.Where(header => header.Name != HeaderNames.MessageId), id];
    }

    /// <summary>The mail's own headers, and the identity that its row waits for.</summary>
    private static List<KafkaHeader> Next(Finding finding, IReadOnlyList<KafkaHeader> headers)
    {
        var result = headers.Where(header => !HeaderNames.IsOfOneDelivery(header.Name)).ToList();
        result.Add(Text(HeaderNames.MessageId, finding.MailId!.Value.ToString()));
        if (finding.Epoch is > 0 and { } epoch)
            result.Add(Number(HeaderNames.Epoch, epoch));
        if (finding.Attempt is > 1 and { } attempt)
            result.Add(Number(HeaderNames.RedeliveryCount, attempt - 1));
        return result;
    }

    private List<KafkaHeader> DeadLetter(Finding finding, IReadOnlyList<KafkaHeader> headers)
    {
        var (type, message) = finding.Kind == FindingKind.Record
            ? (typeof(IdempotencyConflictException).FullName!, "The record is another mail under the id of one that is recorded. The ledger found it committed, without a failure.")
            : (typeof(PermanentMailException).FullName!, finding.LastError ?? "The mail is dead, and its dead letter was lost; the ledger found it.");
        return
        [
            .. Next(finding, headers),
            Text(HeaderNames.Reason, "fault"),
            Text(HeaderNames.OriginalTopic, finding.Topic ?? names.Mails),
            Number(HeaderNames.OriginalPartition, finding.Partition ?? 0),
            Number(HeaderNames.OriginalOffset, finding.Offset ?? 0),
            Number(HeaderNames.OriginalTimestamp, finding.Timestamp?.ToUnixTimeMilliseconds() ?? 0),
            Text(HeaderNames.OriginalGroup, names.Group),
            Text(HeaderNames.FaultExceptionType, type),
            Text(HeaderNames.FaultMessage, message),
            Text(HeaderNames.FaultTimestamp, timeProvider.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)),
        ];
    }

    private static KafkaHeader Number(string name, long value) => Text(name, value.ToString(CultureInfo.InvariantCulture));

    private static KafkaHeader Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
