using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>The partitions that a consumer has been assigned. The poll thread alone changes them and goes through them; metrics look on.</summary>
/// <param name="logger">The log of what goes wrong when handlers are canceled.</param>
internal sealed class AssignedPartitions(ILogger logger)
{
    private readonly Dictionary<TopicPartition, PartitionAssignment> _assignments = [];

    /// <summary>How many there are.</summary>
    public int Count => _assignments.Count;

    /// <summary>All of them; for the poll thread.</summary>
    public Dictionary<TopicPartition, PartitionAssignment>.ValueCollection All => _assignments.Values;

    /// <summary>What metrics want to know of each; for any thread.</summary>
    public IReadOnlyList<PartitionState> States
    {
        get
        {
            lock (_assignments)
            {
                return [.. _assignments.Values.Select(assignment => new PartitionState(
                    assignment.Partition.Topic, assignment.Partition.Partition.Value, assignment.Outstanding,
                    assignment.PausedForSpace || assignment.PausedUntil is not null, assignment.Lag))];
            }
        }
    }

    /// <summary>The assignment of a partition, or null.</summary>
    public PartitionAssignment? Find(TopicPartition partition) => _assignments.GetValueOrDefault(partition);

    /// <summary>Whether an assignment is still the present one of its partition.</summary>
    public bool IsCurrent(PartitionAssignment assignment) => ReferenceEquals(Find(assignment.Partition), assignment);

    /// <summary>Begins an assignment of a partition, in place of one that it may have.</summary>
    public PartitionAssignment Begin(TopicPartition partition)
    {
        var assignment = new PartitionAssignment(partition, logger);
        lock (_assignments)
            _assignments[partition] = assignment;
        return assignment;
    }

    /// <summary>Takes partitions off.</summary>
    /// <returns>The assignments that they had.</returns>
    public List<PartitionAssignment> Take(IEnumerable<TopicPartition> partitions)
    {
        var taken = new List<PartitionAssignment>();
        lock (_assignments)
        {
            foreach (var partition in partitions)
            {
                if (_assignments.Remove(partition, out var assignment))
                    taken.Add(assignment);
            }
        }

        return taken;
    }
}
