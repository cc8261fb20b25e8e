using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Notices records that retention or an administrator has deleted before they were read. Offsets have gaps for other reasons too
/// (markers of transactions, aborted records), so each gap is compared with the beginning of its partition, in the background. The poll
/// thread's own.
/// </summary>
internal sealed class DeletedRecords(ConsumerSettings settings, AssignedPartitions assignments, KafkaHost host, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly Dictionary<TopicPartition, (long From, long To)> _gaps = [];
    private readonly Dictionary<TopicPartition, long> _firsts = [];
    private readonly Dictionary<TopicPartition, long> _starts = [];
    private Task<Dictionary<TopicPartition, long>>? _askingStarts;
    private Task _comparing = Task.CompletedTask;

    /// <summary>A partition goes on at an offset that is not the next.</summary>
    /// <param name="assignment">The partition.</param>
    /// <param name="offset">The offset of the next record, or of the partition's end.</param>
    public void Passed(PartitionAssignment assignment, Offset offset)
    {
        if (assignment.Newest < 0)
            _firsts[assignment.Partition] = offset.Value;
        else
            Note(assignment.Partition, assignment.Newest + 1, offset.Value);
    }

    /// <summary>Asks what has to be asked.</summary>
    public void Look(ConsumerClient client)
    {
        AskForStarts(client);
        if (_askingStarts is null && _firsts.Count > 0)
        {
            // What the group has committed is where it was to begin.
            foreach (var (partition, first) in _firsts)
            {
                if (_starts.TryGetValue(partition, out var committed) && committed < first)
                    Note(partition, committed, first);
            }

            _firsts.Clear();
        }

        if (_gaps.Count == 0 || !_comparing.IsCompleted)
            return;
        var gaps = _gaps.ToDictionary();
        _gaps.Clear();
        _comparing = Task.Run(() => Compare(gaps), CancellationToken.None);
    }

    private void AskForStarts(ConsumerClient client)
    {
        if (_askingStarts is { IsCompleted: true } asked)
        {
            foreach (var (partition, start) in asked.Result)
                _starts[partition] = start;
            _askingStarts = null;
        }

        List<TopicPartition>? begun = null;
        foreach (var assignment in assignments.All)
        {
            if (assignment.StartAsked || _askingStarts is not null)
                continue;
            assignment.StartAsked = true;
            _starts.Remove(assignment.Partition);
            (begun ??= []).Add(assignment.Partition);
        }

        if (begun is not null)
            _askingStarts = Task.Run(() => Starts(client, begun), CancellationToken.None);
    }

    private void Note(TopicPartition partition, long from, long to)
    {
        // One question at a time: of what comes meanwhile, the largest counts.
        if (!_gaps.TryGetValue(partition, out var other) || to - from > other.To - other.From)
            _gaps[partition] = (from, to);
    }

    private Dictionary<TopicPartition, long> Starts(ConsumerClient client, List<TopicPartition> partitions)
    {
        try
        {
            return (client.Committed(partitions, Timeout) ?? []).Where(committed => committed.Offset.Value >= 0)
                .ToDictionary(committed => committed.TopicPartition, committed => committed.Offset.Value);
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("Where {Name} begins is not known: {Reason}", settings.Name, exception.Error.Reason);
            return [];
        }
    }

    private async Task Compare(Dictionary<TopicPartition, (long From, long To)> gaps)
    {
        try
        {
            var beginnings = await host.Cluster.AskAsync(
                admin => admin.ListOffsetsAsync(
                    gaps.Keys.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = OffsetSpec.Earliest() }),
                    new ListOffsetsOptions { RequestTimeout = Timeout }),
                Timeout);
            foreach (var beginning in beginnings.ResultInfos.Select(info => info.TopicPartitionOffsetError))
            {
                var (from, to) = gaps[beginning.TopicPartition];
                if (Math.Min(beginning.Offset.Value, to) is var end && end > from)
                    await Tell(new PartitionStretch(beginning.Topic, beginning.Partition.Value, from, end));
            }
        }
        catch (KafkaException exception)
        {
            logger.LogWarning("Whether records of {Partitions} were deleted unread is not known: {Reason}", gaps.Keys, exception.Error.Reason);
        }
    }

    private async Task Tell(PartitionStretch deleted)
    {
        logger.LogError(
            "{Count} records of {Topic}, partition {Partition}, were deleted before {Name} had read them: offsets {From} to {To}. Look at the topic's retention",
            deleted.To - deleted.From, deleted.Topic, deleted.Partition, settings.Name, deleted.From, deleted.To - 1);
        host.Metrics.DeletedUnread(deleted.Topic, settings.Group, deleted.To - deleted.From);
        for (var pause = FirstRetry; settings.RecordsDeleted is { } handler; pause = Backoff.Next(pause, LastRetry))
        {
            try
            {
                await handler(deleted, stopping);
                return;
            }
            // Whatever the application's handler throws: it is told again, until it has taken it.
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                logger.LogError(exception, "The handler of deleted records failed and is called again in {Pause}", pause);
            }

            await Task.Delay(pause, host.Time, stopping);
        }
    }
}
