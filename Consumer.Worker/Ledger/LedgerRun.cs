using System.Globalization;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Inspection;
using Persistence.Ledger;
using Persistence.Stats;
using Persistence.Text;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Ledger;

/// <summary>
/// Proves, by reading the topic, that every mail is either still to be read or has one row in one state, and that every unfinished
/// one will be moved on. Changes nothing.
/// </summary>
/// <remarks>
/// The system runs meanwhile, and the order of reading is what keeps a busy one from looking broken. Records below a committed offset
/// were completed before it was committed, so their rows are looked up after it was read. An unfinished mail counts on something that is at
/// the moment of its row's reading: a record that is still to be read then lies at or after the offsets committed before that moment,
/// and before the ends read after it; leases, replays and failures are read in the same statement. What is suspected all the same is
/// looked at once more, after a pause.
/// </remarks>
internal sealed class LedgerRun(
    KafkaInspector kafka, TopicReader reader, LedgerStore store, DeletedRecordStore deletedRecords, StatsStore stats, MailTopics names, TimeProvider timeProvider, Action<string> progress)
{
    private const int Batch = 2_000;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly RecordSums _records = new();
    private readonly List<string> _notes = [];

    /// <summary>Reads the topics and the database.</summary>
    /// <param name="grace">The pause before a suspicion is looked at again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<LedgerReport> ProveAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var at = timeProvider.GetUtcNow();
        var topics = await (await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken)).WithEndsAsync(cancellationToken);
        var mails = topics.Where(partition => names.IsMails(partition.Topic)).ToList();
        var deleted = await DeletedUnreadAsync(mails, cancellationToken);
        var suspects = new Suspects();
        foreach (var suspect in await ReadCommittedRecordsAsync(mails, cancellationToken))
            suspects.Add(suspect);

        var (open, unread) = await ReadOpenAsync(suspects, only: null, cancellationToken);
        if (!suspects.IsEmpty)
        {
            progress($"{suspects.Records.Count()} records and {suspects.Mails.Count} mails are looked at again after {grace.TotalSeconds:0.#} s");
            await Task.Delay(grace, timeProvider, cancellationToken);
            suspects = await LookAgainAsync(suspects, open, cancellationToken);
        }

        // The ends after what the database knows: a record that it knows lies before an end that is read later, unless the topic was recreated.
        var known = await store.LastKnownAsync(names.AllMails, cancellationToken);
        var ends = (await (await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken)).WithEndsAsync(cancellationToken))
            .Where(partition => names.IsMails(partition.Topic)).ToList();
        NoteBounds(ends, known);
        var newest = await store.NewestAsync(cancellationToken);
        var younger = RestoredRecords.Younger(suspects.Records.Where(suspect => suspect.Verdict == RecordVerdict.NoRow).Select(suspect => suspect.Record.Timestamp), newest);
        if (younger > 0)
        {
            _notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{younger} committed records are younger than the database's newest mail, of {newest:O}. If the database was restored from a backup, they were sent, most likely: --repair puts nothing back, unless --since=TIME (or all) says from when on they were not."));
        }

        var missing = suspects.Records.Select(suspect => suspect.Record.Identity.MailId).ToHashSet();
        _records.Missing = suspects.Records.Count();
        open.Nothing = suspects.Mails.Count;
        return new LedgerReport
        {
            At = at,
            Topics = [.. mails.Select(partition => partition.Topic).Distinct()],
            Group = names.Group,
            Partitions = [.. mails.Select(partition => new ProvenPartition(partition.Topic, partition.Partition, partition.Beginning, partition.Position, partition.End))],
            Records = _records,
            Unread = unread,
            Mails = (await stats.CountMailsAsync(cancellationToken)).ToDictionary(count => count.Key.ToText(), count => count.Value),
            Unfinished = open,
            IsOlder = younger > 0,
            Notes = _notes,
            Findings =
            [
                .. deleted,
                .. suspects.Records.OrderBy(suspect => suspect.Record.Partition).ThenBy(suspect => suspect.Record.Offset).Select(Findings.Of),
                // A mail whose record is found missing is not told of twice.
                .. suspects.Mails.Where(mail => !missing.Contains(mail.Id)).OrderBy(mail => mail.UpdatedAt).Select(mail => Findings.Of(mail, ends)),
            ],
        };
    }

    /// <summary>Every record below the committed offsets, compared with the database; returns those that it does not know.</summary>
    private async Task<List<Suspect>> ReadCommittedRecordsAsync(IReadOnlyList<PartitionProgress> mails, CancellationToken cancellationToken)
    {
        var stretches = mails.Select(partition => new PartitionStretch(partition.Topic, partition.Partition, partition.Beginning, partition.Position)).ToList();
        var total = stretches.Sum(stretch => stretch.To - stretch.From);
        var suspects = new List<Suspect>();
        var told = timeProvider.GetTimestamp();
        foreach (var batch in reader.Read(stretches, LedgerTopics.Timeout, cancellationToken).Where(IsOurs).Select(LedgerRecords.Of).Chunk(Batch))
        {
            suspects.AddRange(await JudgeAsync(batch, cancellationToken));
            _records.Read += batch.Length;
            if (timeProvider.GetElapsedTime(told) < ProgressInterval)
                continue;
            told = timeProvider.GetTimestamp();
            progress(string.Create(CultureInfo.InvariantCulture, $"{_records.Read:N0} of {total:N0} records read, {suspects.Count:N0} of them without a row so far"));
        }

        return suspects;
    }

    /// <summary>Another installation's record is not this one's to prove, and not to repair: its worker made a failure of it.</summary>
    private bool IsOurs(KafkaRecord record)
    {
        if (names.OtherInstallation(record.Headers) is null)
            return true;
        _records.OtherInstallation++;
        _records.Read++;
        return false;
    }

    private async Task<List<Suspect>> JudgeAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
    {
        var entries = await store.LookUpAsync(records, cancellationToken);
        // After the look-up: a row that was removed before it was older than the horizon by then.
        var horizon = await store.HorizonAsync(cancellationToken);
        var suspects = new List<Suspect>();
        foreach (var (record, entry) in records.Zip(entries))
        {
            switch (RecordProof.Judge(entry, record.Identity.Epoch, record.Identity.Attempt, isRemoved: record.Timestamp < horizon))
            {
                case RecordVerdict.Row:
                    _records.WithRow++;
                    break;
                case RecordVerdict.Failure:
                    _records.WithFailure++;
                    break;
                case RecordVerdict.Removed:
                    _records.OlderThanRetention++;
                    break;
                case var verdict:
                    suspects.Add(new Suspect(record, verdict));
                    break;
            }
        }

        return suspects;
    }

    /// <summary>Adds the mails that wait for a record, and takes off what the records explain that are still to be read.</summary>
    private async Task<(OpenSums Open, IReadOnlyDictionary<string, long> Unread)> ReadOpenAsync(
        Suspects suspects, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken)
    {
        var topics = await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken);
        return await ExplainAsync(topics, suspects, only, cancellationToken);
    }

    private async Task<(OpenSums Open, IReadOnlyDictionary<string, long> Unread)> ExplainAsync(
        LedgerTopics topics, Suspects suspects, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken)
    {
        var open = new OpenSums();
        var waiting = 0;
        await foreach (var mail in store.OpenMailsAsync(only, cancellationToken))
        {
            switch (MailProof.Waits(mail))
            {
                case Mover.Lease:
                    open.Lease++;
                    break;
                case Mover.Replay:
                    open.Replay++;
                    break;
                case Mover.Schedule:
                    open.Schedule++;
                    break;
                default:
                    waiting++;
                    suspects.Add(mail);
                    break;
            }
        }

        var partitions = await topics.WithEndsAsync(cancellationToken);
        foreach (var record in reader.Read([.. partitions.Select(Unread)], LedgerTopics.Timeout, cancellationToken).TakeWhile(_ => !suspects.IsEmpty))
        {
            if (record.Topic == names.DeadLetters)
                suspects.Explain(record, names);
            else if (names.OtherInstallation(record.Headers) is null)
                suspects.Explain(LedgerRecords.Of(record));
        }

        open.Record = waiting - suspects.Mails.Count;
        _records.DeadLetterUnread += suspects.WithDeadLetter;
        _records.UnderWay += suspects.UnderWay;
        return (open, partitions.GroupBy(partition => partition.Topic).ToDictionary(topic => topic.Key, topic => topic.Sum(partition => partition.Lag)));

        static PartitionStretch Unread(PartitionProgress partition) => new(partition.Topic, partition.Partition, partition.Position, partition.End);
    }

    /// <summary>The second look, at what is left alone: offsets, then database, then ends, as in the first.</summary>
    private async Task<Suspects> LookAgainAsync(Suspects before, OpenSums open, CancellationToken cancellationToken)
    {
        var topics = await LedgerTopics.ReadCommittedAsync(kafka, names, cancellationToken);
        var suspects = new Suspects();
        foreach (var batch in before.Records.Select(suspect => suspect.Record).Chunk(Batch))
        {
            foreach (var suspect in await JudgeAsync(batch, cancellationToken))
                suspects.Add(suspect);
        }

        var ids = before.Mails.Select(mail => mail.Id).ToList();
        var (again, _) = await ExplainAsync(topics, suspects, ids, cancellationToken);
        open.Lease += again.Lease;
        open.Replay += again.Replay;
        open.Schedule += again.Schedule;
        open.Record += again.Record;
        return suspects;
    }

    /// <summary>
    /// Records that were deleted unread: those that workers have met and noted, and those between the committed offset and the beginning,
    /// which none has met yet. The group may have gone past them just before retention did, so its offsets are read once more, after the
    /// beginnings.
    /// </summary>
    private async Task<List<Finding>> DeletedUnreadAsync(IReadOnlyList<PartitionProgress> mails, CancellationToken cancellationToken)
    {
        var found = new List<DeletedRecords>();
        if (mails.Where(partition => partition.Committed < partition.Beginning).ToList() is { Count: > 0 } behind)
        {
            var now = await kafka.CommittedAsync(
                names.Group, [.. behind.Select(partition => new TopicPartition(partition.Topic, partition.Partition))], LedgerTopics.Timeout, cancellationToken);
            found.AddRange(behind
                .Where(partition => !now.TryGetValue(new TopicPartition(partition.Topic, partition.Partition), out var committed) || committed < partition.Beginning)
                .Select(partition => new DeletedRecords(partition.Topic, partition.Partition, partition.Committed!.Value, partition.Beginning)));
        }

        // After the offsets: what a worker has met since is noted by now.
        var noted = await deletedRecords.ListAsync(cancellationToken);
        if (noted.Count(deleted => deleted.IsAcknowledged) is var acknowledged and > 0)
            _notes.Add($"{acknowledged} stretches of records were deleted before they were read, and were acknowledged (email.deleted_records).");
        return
        [
            .. noted.Where(deleted => !deleted.IsAcknowledged)
                .Concat(found.Where(one => !noted.Any(other => other.Topic == one.Topic && other.Partition == one.Partition && other.From <= one.From && other.To >= one.To)))
                .Select(Findings.Of),
        ];
    }

    private void NoteBounds(IReadOnlyList<PartitionProgress> mails, IReadOnlyDictionary<(string Topic, int Partition), long> known)
    {
        foreach (var partition in mails)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{partition.Topic}/{partition.Partition}");
            if (partition.Committed is not { } committed)
                _notes.Add($"{name}: {names.Group} has committed no offset; all of it counts as still to be read.");
            else if (committed > partition.End)
                _notes.Add($"{name}: {names.Group} has committed offset {committed}, past the end {partition.End}: the topic was recreated, or the offset was set by hand.");
            if (partition.Beginning > 0)
                _notes.Add($"{name}: the proof begins at offset {partition.Beginning}; what lay before it was deleted, and mails of which it was the record are judged by their state alone.");
            if (known.TryGetValue((partition.Topic, partition.Partition), out var last) && last >= partition.End)
                _notes.Add($"{name}: the database knows a record at offset {last}, and the topic ends at {partition.End}: it was deleted and recreated. Mails that no worker had read by then are lost, and nobody knows them.");
        }
    }
}
