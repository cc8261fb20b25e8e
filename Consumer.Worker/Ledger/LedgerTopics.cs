using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Ledger;

/// <summary>
/// What the three groups have committed. Read before the database: whatever the database counts on at that later moment is at
/// or after these offsets, and before the ends that are read after the database.
/// </summary>
internal sealed class LedgerTopics
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly KafkaInspector _kafka;
    private readonly MailTopics _names;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private readonly IReadOnlyDictionary<TopicPartition, long> _committed;

    private LedgerTopics(KafkaInspector kafka, MailTopics names, IReadOnlyList<TopicPartition> partitions, IReadOnlyDictionary<TopicPartition, long> committed) =>
        (_kafka, _names, _partitions, _committed) = (kafka, names, partitions, committed);

    public static async Task<LedgerTopics> ReadCommittedAsync(KafkaInspector kafka, MailTopics names, CancellationToken cancellationToken)
    {
        var partitions = await kafka.ListAsync(
            topic => names.IsMails(topic) || topic == names.DeadLetters || names.IsDelay(topic), Timeout, cancellationToken);
        // What may not be seen is not counted as empty. The delay topics come with the mails' by the prefix of their rights. The bulk topic
        // is not there before a service that knows of it has started; then nothing was posted to it either.
        var unseen = names.AllMails.Append(names.DeadLetters).Except(partitions.Select(partition => partition.Topic), StringComparer.Ordinal).ToList();
        if (await kafka.RefusedAsync(unseen, Timeout, cancellationToken) is { Count: > 0 } refused)
            throw new KafkaException(new Error(ErrorCode.TopicAuthorizationFailed, $"the brokers deny READ on topic {string.Join(", ", refused)}"));
        if (unseen.Contains(names.Mails))
            throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"Kafka has no topic {names.Mails}"));

        var committed = new Dictionary<TopicPartition, long>();
        foreach (var group in partitions.GroupBy(partition => Group(names, partition.Topic)))
        {
            foreach (var (partition, offset) in await kafka.CommittedAsync(group.Key, [.. group], Timeout, cancellationToken))
                committed[partition] = offset;
        }

        return new LedgerTopics(kafka, names, partitions, committed);
    }

    /// <summary>The same with beginnings and ends, which are read now.</summary>
    public async Task<IReadOnlyList<PartitionProgress>> WithEndsAsync(CancellationToken cancellationToken) =>
    [
        .. (await _kafka.RangesAsync(_partitions, Timeout, cancellationToken)).Select(range => new PartitionProgress(
            range.Partition.Topic, range.Partition.Partition.Value, range.Beginning, range.End,
            _committed.TryGetValue(range.Partition, out var offset) ? offset : null)),
    ];

    private static string Group(MailTopics names, string topic) =>
        names.IsMails(topic) ? names.Group : topic == names.DeadLetters ? names.DeadLetterGroup : names.DelayGroup;
}
