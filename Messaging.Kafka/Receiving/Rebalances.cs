using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Partitions come and go: what is revoked is drained and committed first, what is lost is fenced. Runs on the poll thread, inside a
/// poll; handlers need nothing of that thread, so that they can complete meanwhile.
/// </summary>
/// <param name="settings">The consumer's.</param>
/// <param name="assignments">The partitions.</param>
/// <param name="batch">What was read and is not with the workers yet.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="metrics">Are told of each change.</param>
/// <param name="logger">Is told of each change.</param>
/// <param name="stopNow">Ends the wait for handlers.</param>
internal sealed class Rebalances(
    ConsumerSettings settings, AssignedPartitions assignments, ConsumeBatch batch, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger,
    CancellationToken stopNow)
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

    /// <summary>Partitions are to be released: running handlers may complete, for a bounded time, and what they completed is committed.</summary>
    public void Revoked(ConsumerClient client, List<TopicPartition> partitions)
    {
        batch.Flush();
        var revoked = Take(client.Kafka, partitions);
        if (revoked.Count == 0)
            return;
        logger.LogInformation("{Name} releases {Partitions}", settings.Name, partitions);
        var started = timeProvider.GetTimestamp();
        foreach (var assignment in revoked)
            assignment.Close();
        WaitForHandlers(revoked, settings.DrainTimeout, polled: null);
        client.Committer.CommitNow(revoked);
        foreach (var assignment in revoked)
            assignment.Fence();
        metrics.Rebalanced(settings.Group, "revoked", partitions.Count, timeProvider.GetElapsedTime(started));
    }

    /// <summary>The partitions belong to others already: whatever was done since cannot be committed.</summary>
    public void Lost(ConsumerClient client, List<TopicPartition> partitions)
    {
        batch.Flush();
        var lost = Take(client.Kafka, partitions);
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

    /// <summary>
    /// The client is about to be closed: running handlers may complete, and what they completed is committed. It is polled meanwhile, to
    /// stay a member of the group, unless its membership has ended.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="isMember">Whether it is a member of its group still.</param>
    public void Drain(ConsumerClient client, bool isMember)
    {
        batch.Flush();
        List<PartitionAssignment> all = [.. assignments.All];
        foreach (var assignment in all)
            assignment.Close();
        if (isMember && all.Count > 0)
            client.Kafka.Pause(all.Select(assignment => assignment.Partition));
        WaitForHandlers(all, settings.StopTimeout, isMember ? client : null);
        if (isMember)
            client.Committer.CommitNow(all.Where(assignments.IsCurrent));
        foreach (var assignment in all)
            assignment.Fence();
        WaitForHandlers(all, settings.DrainTimeout, polled: null);
        assignments.Take(all.ConvertAll(assignment => assignment.Partition));
    }

    /// <summary>Whatever partitions are left are another client's from now on, handlers that still run are canceled.</summary>
    public void Abandon()
    {
        batch.Flush();
        foreach (var assignment in assignments.Take([.. assignments.All.Select(assignment => assignment.Partition)]))
        {
            assignment.Close();
            assignment.Fence();
        }
    }

    private List<PartitionAssignment> Take(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartition> partitions)
    {
        var taken = assignments.Take(partitions);
        Unpause(consumer, taken);
        return taken;
    }

    /// <summary>
    /// librdkafka keeps a partition paused over its revocation: it would stay so for ever once it is assigned again
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
            logger.LogWarning("{Name} could not resume {Partitions} before releasing them: {Reason}", settings.Name, paused, exception.Error.Reason);
        }
    }

    /// <summary>Waits until no handler runs; polls a client meanwhile, where there is one, so that it stays a member of the group.</summary>
    private void WaitForHandlers(List<PartitionAssignment> closed, TimeSpan timeout, ConsumerClient? polled)
    {
        var started = timeProvider.GetTimestamp();
        while (closed.Exists(assignment => assignment.Running > 0) && timeProvider.GetElapsedTime(started) < timeout && !stopNow.IsCancellationRequested)
        {
            if (polled is not null)
                polled.Consume(PollInterval);
            else
                stopNow.WaitHandle.WaitOne(PollInterval);
        }

        if (closed.Sum(assignment => assignment.Running) is var left and > 0)
            logger.LogWarning("{Name}: {Count} handlers still run and are canceled; their records will be read again", settings.Name, left);
    }
}
