using System.Globalization;
using Messaging.Kafka.Inspection;
using Persistence.Ledger;
using Persistence.Mails;
using Persistence.Text;

namespace Consumer.Worker.Ledger;

/// <summary>Words for what is missing.</summary>
internal static class Findings
{
    public static Finding Of(Suspect suspect) => new()
    {
        Kind = FindingKind.Record,
        RepairBy = suspect.Verdict == RecordVerdict.OtherMail ? RepairKind.DeadLetter : RepairKind.SameRecord,
        Topic = suspect.Record.Topic,
        Partition = suspect.Record.Partition,
        Offset = suspect.Record.Offset,
        Timestamp = suspect.Record.Timestamp,
        MailId = suspect.Record.Identity.MailId,
        Epoch = suspect.Record.Identity.Epoch,
        Attempt = suspect.Record.Identity.Attempt,
        Why = suspect.Verdict switch
        {
            RecordVerdict.NoRow => "it is committed, and has neither row nor failure: another consumer of the group read it, or its offset was set past it",
            RecordVerdict.RowBehind => "it is committed, and its mail's row still waits for it: another consumer of the group read it, or its offset was set past it",
            _ => "it is committed, its id is another mail's, and it has no failure of its own",
        },
    };

    public static Finding Of(OpenMail mail, IReadOnlyList<PartitionProgress> topic)
    {
        var needed = MailProof.Needed(mail);
        return new Finding
        {
            Kind = FindingKind.Mail,
            RepairBy = mail.Row.State == MailState.Dead ? RepairKind.DeadLetter : RepairKind.NextRecord,
            Topic = mail.FirstTopic,
            Partition = mail.FirstPartition,
            Offset = mail.FirstOffset,
            Timestamp = mail.FirstTimestamp,
            MailId = mail.Id,
            Epoch = needed.Epoch,
            Attempt = needed.Attempt,
            State = mail.Row.State,
            Subject = mail.Subject,
            LastError = mail.LastError,
            Why = $"{Stand(mail)}{Origin(mail, topic)}",
        };
    }

    public static Finding Of(DeletedRecords deleted) => new()
    {
        Kind = FindingKind.DeletedUnread,
        RepairBy = RepairKind.None,
        Topic = deleted.Topic,
        Partition = deleted.Partition,
        Offset = deleted.From,
        Why = string.Create(
            CultureInfo.InvariantCulture,
            $"offsets {deleted.From} to {deleted.To - 1} were deleted before they were read: the topic's retention is shorter than the backlog was old, or somebody deleted them"),
        Repair = "nothing has these mails any more; their sender must post them again. Set the topic's retention to -1, and acknowledge the line in email.deleted_records",
    };

    private static string Stand(OpenMail mail) => mail.Row switch
    {
        { State: MailState.Sending } => "it was being sent by a worker whose lease is over, and no record is left that would take it over",
        { State: MailState.Dead } => "it is dead, and neither a failure nor a dead letter that is still to be read tells of it",
        { OutboxEntry: OutboxKind.Redelivery } => "it waits for its next attempt, and no record is left that brings it",
        { State: var state } => $"it is {state.ToText()}, and no record is left that would move it on",
    };

    private static string Origin(OpenMail mail, IReadOnlyList<PartitionProgress> topic)
    {
        var partition = topic.FirstOrDefault(found => found.Topic == mail.FirstTopic && found.Partition == mail.FirstPartition);
        return mail.FirstOffset switch
        {
            null => "",
            _ when partition is null => $"; its first record lay in {mail.FirstTopic}, partition {mail.FirstPartition}, which is not there",
            { } offset when offset >= partition.End => $"; its first record's offset is past the topic's end, {partition.End}: the topic was recreated",
            { } offset when offset < partition.Beginning => $"; its first record was deleted, as all before offset {partition.Beginning}",
            _ => "",
        };
    }
}
