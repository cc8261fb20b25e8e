using Consumer.Worker.DeadLetters;
using MassTransit;
using Persistence.Failures;
using Persistence.Ledger;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Ledger;

/// <summary>A record that nothing speaks for yet.</summary>
internal sealed record Suspect(LedgerRecord Record, RecordVerdict Verdict);

/// <summary>
/// Records that nothing speaks for yet, and unfinished mails that wait for a record: what is still to be read is compared with them,
/// and those that it explains are taken off. Grows with what is unfinished or wrong, not with the topic. No I/O.
/// </summary>
internal sealed class Suspects
{
    private readonly Dictionary<Guid, OpenMail> _mails = [];
    private readonly Dictionary<Guid, List<Suspect>> _records = [];

    /// <summary>Records for which a dead letter was found that is still to become a failure.</summary>
    public int WithDeadLetter { get; private set; }

    /// <summary>Records of which a further copy is still to be read.</summary>
    public int UnderWay { get; private set; }

    public bool IsEmpty => _mails.Count == 0 && _records.Count == 0;

    public IReadOnlyCollection<OpenMail> Mails => _mails.Values;

    public IEnumerable<Suspect> Records => _records.Values.SelectMany(list => list);

    public void Add(OpenMail mail) => _mails[mail.Id] = mail;

    public void Add(Suspect suspect)
    {
        if (!_records.TryGetValue(suspect.Record.Identity.MailId, out var list))
            _records[suspect.Record.Identity.MailId] = list = [];
        list.Add(suspect);
    }

    /// <summary>A record that is still to be read, in the mails' topic or in a delay topic.</summary>
    public void Explain(LedgerRecord unread)
    {
        var (id, epoch, attempt) = unread.Identity;
        if (_mails.TryGetValue(id, out var mail) && MailProof.IsMovedBy(mail, epoch, attempt))
            _mails.Remove(id);
        UnderWay += Remove(id, suspect =>
            (suspect.Record.Identity.Epoch, suspect.Record.Identity.Attempt).CompareTo((epoch, attempt)) <= 0
            && unread.ContentHash.AsSpan().SequenceEqual(suspect.Record.ContentHash));
    }

    /// <summary>A dead letter that is still to become a failure.</summary>
    /// <param name="deadLetter">The dead letter.</param>
    /// <param name="names">What this installation is called.</param>
    public void Explain(KafkaRecord deadLetter, MailTopics names)
    {
        var letter = DeadLetterReader.Read(deadLetter, names);
        if (letter.MailId is { } id)
        {
            if (_mails.TryGetValue(id, out var mail) && MailProof.IsEndedBy(mail, letter.Epoch))
                _mails.Remove(id);
            WithDeadLetter += Remove(id, suspect => suspect.Verdict != RecordVerdict.OtherMail && suspect.Record.Identity.Epoch <= letter.Epoch);
        }
        else
        {
            // It must not be linked to the mail whose id it carries: where it lay tells which record it is.
            WithDeadLetter += Remove(LedgerRecords.Identity(deadLetter).MailId, suspect => IsOrigin(suspect.Record, letter));
        }
    }

    private int Remove(Guid id, Predicate<Suspect> explained)
    {
        if (!_records.TryGetValue(id, out var list))
            return 0;
        var removed = list.RemoveAll(explained);
        if (list.Count == 0)
            _records.Remove(id);
        return removed;
    }

    private static bool IsOrigin(LedgerRecord record, DeadLetter letter) =>
        letter.OriginalTopic == record.Topic && letter.OriginalPartition == record.Partition
        && letter.OriginalOffset == record.Offset && letter.OriginalTimestamp == record.Timestamp;
}
