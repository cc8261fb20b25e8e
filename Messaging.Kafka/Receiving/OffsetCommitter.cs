using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Commits the watermarks: by time and by count, one commit at a time, beside the poll thread so that a slow coordinator does not
/// hold it up. A commit that fails is tried again with the next.
/// </summary>
/// <param name="consumer">The client.</param>
/// <param name="settings">The consumer's.</param>
/// <param name="overdueAfter">How long a commit may take before health says so.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="metrics">Are told of each commit.</param>
/// <param name="logger">The log.</param>
internal sealed class OffsetCommitter(
    IConsumer<byte[]?, byte[]?> consumer, ConsumerSettings settings, TimeSpan overdueAfter, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
{
    private long _last = timeProvider.GetTimestamp();
    private int _completed;
    private Task _underWay = Task.CompletedTask;
    private bool _toldOverdue;

    /// <summary>A commit that has not come back, or null.</summary>
    public string? Overdue =>
        !_underWay.IsCompleted && timeProvider.GetElapsedTime(_last) is var taken && taken > overdueAfter
            ? FormattableString.Invariant($"a commit of offsets has not come back for {taken.TotalSeconds:0} s, and none are committed meanwhile")
            : null;

    /// <summary>Counts a completed record.</summary>
    public void Completed() => Interlocked.Increment(ref _completed);

    /// <summary>Starts a commit where it is time for one and none is under way.</summary>
    public void CommitIfDue(IEnumerable<PartitionAssignment> assignments)
    {
        if (!_underWay.IsCompleted)
        {
            TellOverdue();
            return;
        }

        if (Volatile.Read(ref _completed) < settings.CheckpointMessageCount && timeProvider.GetElapsedTime(_last) < settings.CheckpointInterval)
            return;

        Interlocked.Exchange(ref _completed, 0);
        _last = timeProvider.GetTimestamp();
        _toldOverdue = false;
        var due = Collect(assignments);
        if (due.Count > 0)
            _underWay = Task.Run(() => Commit(due));
    }

    /// <summary>Commits now, behind a commit that is under way: before partitions are released.</summary>
    public void CommitNow(IEnumerable<PartitionAssignment> assignments)
    {
        // Two commits at once could end in either order: better none than the older one last.
        if (!_underWay.Wait(settings.DrainTimeout))
        {
            TellOverdue();
            return;
        }

        var due = Collect(assignments);
        if (due.Count > 0)
            Commit(due);
    }

    /// <summary>Waits until no commit is under way: the client must not be closed under one.</summary>
    public void WaitForCommit() => _underWay.Wait();

    private void TellOverdue()
    {
        if (_toldOverdue || Overdue is not { } overdue)
            return;
        _toldOverdue = true;
        metrics.Committed(settings.Group, timeProvider.GetElapsedTime(_last), "overdue");
        logger.LogError("Group {Group}: {Overdue}", settings.Group, overdue);
    }

    private static List<(PartitionAssignment Assignment, TopicPartitionOffset Offset)> Collect(IEnumerable<PartitionAssignment> assignments)
    {
        var due = new List<(PartitionAssignment, TopicPartitionOffset)>();
        foreach (var assignment in assignments)
        {
            if (assignment.ToCommit() is { } offset)
                due.Add((assignment, offset));
        }

        return due;
    }

    private void Commit(List<(PartitionAssignment Assignment, TopicPartitionOffset Offset)> due)
    {
        // A partition may have been lost since its offset was collected: its next owner's commits must not be undone.
        due.RemoveAll(static commit => commit.Assignment.IsFenced);
        if (due.Count == 0)
            return;
        var started = timeProvider.GetTimestamp();
        try
        {
            consumer.Commit(due.Select(commit => commit.Offset));
            foreach (var (assignment, offset) in due)
                assignment.Committed(offset.Offset.Value);
            metrics.Committed(settings.Group, timeProvider.GetElapsedTime(started), null);
        }
        catch (KafkaException exception)
        {
            metrics.Committed(settings.Group, timeProvider.GetElapsedTime(started), exception.Error.Code.ToString());
            // Nothing is lost: the records were handled, and are read again by whoever gets the partition unless the next commit succeeds.
            logger.LogWarning("The offsets of group {Group} were not committed and will be with the next: {Reason}", settings.Group, exception.Error.Reason);
        }
    }
}
