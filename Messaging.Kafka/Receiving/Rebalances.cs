using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Partitions come and go: what is given back is drained and committed first, what is lost is fenced. Runs on the poll thread, inside a
/// poll; handlers need nothing of that thread, so that they can end meanwhile.
/// </summary>
/// <param name="settings">The consumer's.</param>
/// <param name="assignments">The partitions.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="metrics">Are told of each change.</param>
/// <param name="logger">Is told of each change.</param>
/// <param name="stopNow">Ends the wait for handlers.</param>
internal sealed class Rebalances(
    ConsumerSettings settings, AssignedPartitions assignments, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger, CancellationToken stopNow)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Partitions were assigned.</summary>
    public void Assigned(List<TopicPartition> partitions)
    {
        if (partitions.Count > 0)
            logger.LogInformation("{Name} got {Partitions}", settings.Name, partitions);
        metrics.Rebalanced(settings.Group, "assigned", partitions.Count);
        foreach (var partition in partitions)
            assignments.Begin(partition);
    }

    /// <summary>Partitions are to be given back: running handlers may end, for a bounded time, and what they ended is committed.</summary>
    public void Revoked(IConsumer<byte[]?, byte[]?> consumer, OffsetCommitter committer, List<TopicPartition> partitions)
    {
        var revoked = Take(consumer, partitions);
        if (revoked.Count == 0)
            return;
        logger.LogInformation("{Name} gives back {Partitions}", settings.Name, partitions);
        var started = timeProvider.GetTimestamp();
        foreach (var assignment in revoked)
            assignment.Close();
        WaitForHandlers(revoked, settings.DrainTimeout, poll: null);
        committer.CommitNow(revoked);
        foreach (var assignment in revoked)
            assignment.Fence();
        metrics.Rebalanced(settings.Group, "revoked", partitions.Count, timeProvider.GetElapsedTime(started));
    }

    /// <summary>The partitions belong to others already: whatever was done since cannot be committed.</summary>
    public void Lost(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartition> partitions)
    {
        var lost = Take(consumer, partitions);
        if (lost.Count == 0)
            return;
        logger.LogWarning("{Name} has lost {Partitions}: their next owner reads again what was not committed", settings.Name, partitions);
        foreach (var assignment in lost)
        {
            assignment.Close();
            assignment.Fence();
        }

        metrics.Rebalanced(settings.Group, "lost", partitions.Count);
    }

    /// <summary>The consumer stops, or is replaced: running handlers may end, and what they ended is committed.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="committer">Commits.</param>
    /// <param name="poll">Polls while handlers are waited for, to stay a member of the group; null where a fatal error has ended membership.</param>
    public void Drain(IConsumer<byte[]?, byte[]?> consumer, OffsetCommitter committer, Action<TimeSpan>? poll)
    {
        List<PartitionAssignment> all = [.. assignments.All];
        foreach (var assignment in all)
            assignment.Close();
        if (poll is not null && all.Count > 0)
            consumer.Pause(all.Select(assignment => assignment.Partition));
        WaitForHandlers(all, settings.StopTimeout, poll);
        if (poll is not null)
            committer.CommitNow(all.Where(assignments.IsCurrent));
        foreach (var assignment in all)
            assignment.Fence();
        WaitForHandlers(all, settings.DrainTimeout, poll: null);
        assignments.Take(all.ConvertAll(assignment => assignment.Partition));
    }

    private List<PartitionAssignment> Take(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartition> partitions)
    {
        var taken = assignments.Take(partitions);
        Unpause(consumer, taken);
        return taken;
    }

    /// <summary>
    /// librdkafka keeps a partition paused over its revocation: it would stay so when it comes back, for ever
    /// (https://github.com/confluentinc/confluent-kafka-go/issues/193).
    /// </summary>
    private void Unpause(IConsumer<byte[]?, byte[]?> consumer, List<PartitionAssignment> taken)
    {
        var paused = taken.Where(assignment => assignment.PausedForSpace || assignment.PausedUntil is not null).Select(assignment => assignment.Partition).ToList();
        if (paused.Count == 0)
            return;
        try
        {
            consumer.Resume(paused);
        }
        catch (KafkaException exception)
        {
            logger.LogWarning("{Name} could not resume {Partitions} before giving them back: {Reason}", settings.Name, paused, exception.Error.Reason);
        }
    }

    /// <summary>Waits until no handler runs; polls the while, where asked, to stay a member of the group.</summary>
    private void WaitForHandlers(List<PartitionAssignment> closed, TimeSpan timeout, Action<TimeSpan>? poll)
    {
        var started = timeProvider.GetTimestamp();
        while (closed.Exists(assignment => assignment.Running > 0) && timeProvider.GetElapsedTime(started) < timeout && !stopNow.IsCancellationRequested)
        {
            if (poll is not null)
                poll(PollInterval);
            else
                stopNow.WaitHandle.WaitOne(PollInterval);
        }

        if (closed.Sum(assignment => assignment.Running) is var left and > 0)
            logger.LogWarning("{Name}: {Count} handlers still run and are canceled; their records will be read again", settings.Name, left);
    }
}
