using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// How far a consumer is behind. What the last fetch told of the partitions' ends costs no request; where nothing is fetched, or the
/// consumer is out of its group, Kafka is asked in the background. The poll thread's own.
/// </summary>
internal sealed class ConsumerLag(ConsumerSettings settings, AssignedPartitions assignments, KafkaHost host, ILogger logger) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private RenewedClient<IConsumer<byte[]?, byte[]?>>? _onlooker;
    private Dictionary<TopicPartition, OffsetRange> _asked = [];
    private Task<Dictionary<TopicPartition, OffsetRange>>? _asking;
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
            var asked = _asked.GetValueOrDefault(assignment.Partition);
            assignment.Lag = assignment.LagTo(
                Math.Max(client.Kafka.GetWatermarkOffsets(assignment.Partition).High.Value, asked?.End ?? 0), asked?.Committed);
        }

        Unassigned = !outOfGroup || assignments.Count > 0 ? []
            : [.. _asked.Select(range => new PartitionState(range.Key.Topic, range.Key.Partition.Value, 0, false, range.Value.Lag))];
    }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _onlooker, null)?.Dispose();

    private void Ask(ConsumerClient client, bool outOfGroup)
    {
        if (!outOfGroup && _onlooker is not null)
            _ = Task.Run(Dispose);
        if (_asking is { IsCompleted: true } done)
        {
            if (done.IsCompletedSuccessfully)
                _asked = done.Result;
            else
                logger.LogDebug(done.Exception, "The lag of {Name} is not known: {Reason}", settings.Name, done.Exception?.GetBaseException().Message);
            _asking = null;
        }

        List<TopicPartition> idle = [.. assignments.All.Where(assignment => assignment.Outstanding == 0).Select(assignment => assignment.Partition)];
        if (_asking is not null || (_begun != 0 && host.Time.GetElapsedTime(_begun) < AskInterval) || (idle.Count == 0 && !outOfGroup))
            return;
        _begun = host.Time.GetTimestamp();
        if (!outOfGroup)
        {
            _asking = Task.Run(() => RangesAsync(client.Committed(idle, Timeout) ?? []));
            return;
        }

        var onlooker = _onlooker ??= new RenewedClient<IConsumer<byte[]?, byte[]?>>(CreateOnlooker, host.Time);
        _asking = Task.Run(() => AskAsync(onlooker));
    }

    /// <summary>
    /// A client with the group's name, which never subscribes and so never joins: one that may not join, or cannot, does not get to know
    /// what its group has committed either.
    /// </summary>
    private IConsumer<byte[]?, byte[]?> CreateOnlooker() =>
        host.Clients.CreateConsumerBuilder(new ConsumerConfig { GroupId = settings.Group, EnableAutoCommit = false }).Build();

    private async Task<Dictionary<TopicPartition, OffsetRange>> AskAsync(RenewedClient<IConsumer<byte[]?, byte[]?>> onlooker)
    {
        var partitions = await host.Cluster.AskAsync(admin => Task.FromResult(PartitionsOf(admin.GetMetadata(Timeout))), Timeout);
        return await RangesAsync(onlooker.Ask(client => client.Committed(partitions, Timeout)));
    }

    private async Task<Dictionary<TopicPartition, OffsetRange>> RangesAsync(List<TopicPartitionOffset> offsets)
    {
        if (offsets.Count == 0)
            return [];
        var committed = offsets.ToDictionary(found => found.TopicPartition, found => found.Offset == Offset.Unset ? (long?)null : found.Offset.Value);

        var ends = await OffsetsAsync(committed.Keys, OffsetSpec.Latest());
        var beginnings = await OffsetsAsync(committed.Where(offset => offset.Value is null).Select(offset => offset.Key), OffsetSpec.Earliest());
        return committed.Keys.Where(ends.ContainsKey).ToDictionary(
            partition => partition, partition => new OffsetRange(committed[partition] ?? beginnings.GetValueOrDefault(partition), ends[partition]));
    }

    private List<TopicPartition> PartitionsOf(Metadata metadata) =>
    [
        .. metadata.Topics.Where(topic => settings.Reads(topic.Topic))
            .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId))),
    ];

    private async Task<Dictionary<TopicPartition, long>> OffsetsAsync(IEnumerable<TopicPartition> partitions, OffsetSpec which)
    {
        List<TopicPartitionOffsetSpec> asked = [.. partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = which })];
        if (asked.Count == 0)
            return [];
        var result = await host.Cluster.AskAsync(
            admin => admin.ListOffsetsAsync(
                asked, new ListOffsetsOptions { RequestTimeout = Timeout, IsolationLevel = settings.Config.IsolationLevel ?? IsolationLevel.ReadCommitted }),
            Timeout);
        return result.ResultInfos.ToDictionary(info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
    }

    /// <param name="Committed">The group's committed offset; the beginning where there is none.</param>
    /// <param name="End">The offset after the last record.</param>
    private sealed record OffsetRange(long? Committed, long End)
    {
        public long Lag => Committed is { } committed ? Math.Max(0, End - committed) : 0;
    }
}
