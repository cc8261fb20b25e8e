using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// How far a consumer is behind. What the last fetch told of the partitions' ends costs no request; where nothing is fetched, or the
/// consumer is out of its group, Kafka is asked in the background. The poll thread's own.
/// </summary>
internal sealed class ConsumerLag(ConsumerSettings settings, AssignedPartitions assignments, KafkaHost host)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private Dictionary<TopicPartition, Range> _asked = [];
    private Task<Dictionary<TopicPartition, Range>>? _asking;
    private long _measured;
    private long _begun;

    /// <summary>The partitions of a consumer that is out of its group, as far as their lag is known; else none. For any thread.</summary>
    public IReadOnlyList<PartitionState> Unassigned { get; private set; } = [];

    /// <summary>Measures at most once a second.</summary>
    /// <param name="client">The client.</param>
    /// <param name="outOfGroup">Whether it is out of its group.</param>
    public void Measure(ConsumerClient client, bool outOfGroup)
    {
        if (_measured != 0 && host.Time.GetElapsedTime(_measured) < Interval)
            return;
        _measured = host.Time.GetTimestamp();
        Ask(client, outOfGroup);
        foreach (var assignment in assignments.All)
        {
            var asked = _asked.TryGetValue(assignment.Partition, out var range) ? range : default;
            assignment.Lag = assignment.LagTo(
                Math.Max(client.Kafka.GetWatermarkOffsets(assignment.Partition).High.Value, asked.End), asked.Committed);
        }

        Unassigned = !outOfGroup || assignments.Count > 0 ? []
            : [.. _asked.Select(range => new PartitionState(range.Key.Topic, range.Key.Partition.Value, 0, false, range.Value.Lag))];
    }

    private void Ask(ConsumerClient client, bool outOfGroup)
    {
        if (_asking is { IsCompleted: true } done)
        {
            // What cannot be known now is not guessed; whoever asks whether Kafka answers says why.
            if (done.IsCompletedSuccessfully)
                _asked = done.Result;
            _ = done.Exception;
            _asking = null;
        }

        List<TopicPartition> idle = [.. assignments.All.Where(assignment => assignment.Outstanding == 0).Select(assignment => assignment.Partition)];
        if (_asking is not null || (_begun != 0 && host.Time.GetElapsedTime(_begun) < AskInterval) || (idle.Count == 0 && !outOfGroup))
            return;
        _begun = host.Time.GetTimestamp();
        _asking = Task.Run(() => AskAsync(client, outOfGroup && assignments.Count == 0 ? null : idle));
    }

    /// <param name="client">Knows what the group has committed.</param>
    /// <param name="partitions">The partitions; null: all of the topics.</param>
    private async Task<Dictionary<TopicPartition, Range>> AskAsync(ConsumerClient client, List<TopicPartition>? partitions)
    {
        partitions ??= await host.Cluster.AskAsync(admin => Task.FromResult(PartitionsOf(admin.GetMetadata(Timeout))));
        var committed = client.Committed(partitions, Timeout) ?? [];
        if (committed.Count == 0)
            return [];

        var ends = await OffsetsAsync(committed.Keys, OffsetSpec.Latest());
        var beginnings = await OffsetsAsync(committed.Where(offset => offset.Value is null).Select(offset => offset.Key), OffsetSpec.Earliest());
        return committed.Keys.Where(ends.ContainsKey).ToDictionary(
            partition => partition, partition => new Range(committed[partition] ?? beginnings.GetValueOrDefault(partition), ends[partition]));
    }

    private List<TopicPartition> PartitionsOf(Metadata metadata) =>
    [
        .. metadata.Topics.Where(topic => settings.Topics.Contains(topic.Topic))
            .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId))),
    ];

    private async Task<Dictionary<TopicPartition, long>> OffsetsAsync(IEnumerable<TopicPartition> partitions, OffsetSpec which)
    {
        List<TopicPartitionOffsetSpec> asked = [.. partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = which })];
        if (asked.Count == 0)
            return [];
        var answer = await host.Cluster.AskAsync(admin => admin.ListOffsetsAsync(
            asked, new ListOffsetsOptions { RequestTimeout = Timeout, IsolationLevel = settings.Config.IsolationLevel ?? IsolationLevel.ReadCommitted }));
        return answer.ResultInfos.ToDictionary(info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
    }

    /// <param name="Committed">The group's committed offset; the beginning where there is none.</param>
    /// <param name="End">The offset after the last record.</param>
    private readonly record struct Range(long? Committed, long End)
    {
        public long Lag => Committed is { } committed ? Math.Max(0, End - committed) : 0;
    }
}
