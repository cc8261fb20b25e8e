using MassTransit;
using Messaging.Kafka.Inspection;

namespace Consumer.Worker.Ledger;

/// <summary>Reads the records that findings name, in one pass over the stretches that hold them.</summary>
internal sealed class RecordsAt(TopicReader reader)
{
    /// <summary>
    /// The findings whose record still lies where it lay, each with it. The timestamp tells: a topic that was recreated has other records
    /// at the same offsets.
    /// </summary>
    /// <param name="findings">The findings.</param>
    /// <param name="topic">The topic as it is now; findings in others are passed over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public IEnumerable<(Finding Finding, KafkaRecord Record)> Read(
        IEnumerable<Finding> findings, IReadOnlyList<PartitionProgress> topic, CancellationToken cancellationToken)
    {
        var ranges = topic.ToDictionary(partition => (partition.Topic, partition.Partition));
        var wanted = findings.Where(finding => IsThere(finding, ranges))
            .ToLookup(finding => (finding.Topic!, finding.Partition!.Value, finding.Offset!.Value));
        var stretches = wanted.GroupBy(place => (place.Key.Item1, place.Key.Item2), place => place.Key.Item3)
            .Select(partition => new PartitionStretch(partition.Key.Item1, partition.Key.Item2, partition.Min(), partition.Max() + 1)).ToList();
        foreach (var record in reader.Read(stretches, LedgerTopics.Timeout, cancellationToken))
        {
            foreach (var finding in wanted[(record.Topic, record.Partition, record.Offset)].Where(finding => finding.Timestamp == record.Timestamp))
                yield return (finding, record);
        }
    }

    private static bool IsThere(Finding finding, Dictionary<(string Topic, int Partition), PartitionProgress> ranges) =>
        finding is { Kind: not FindingKind.DeletedUnread, Topic: { } topic, Partition: { } partition, Offset: { } offset }
        && ranges.TryGetValue((topic, partition), out var range) && offset >= range.Beginning && offset < range.End;
}
