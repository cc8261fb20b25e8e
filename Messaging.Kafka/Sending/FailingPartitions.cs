using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;

namespace Messaging.Kafka.Sending;

/// <summary>
/// The partitions that records could not be written to, until one can be. Health that turns callers away would keep a success from ever
/// coming: a failure counts for a while only. No I/O; for any thread.
/// </summary>
internal sealed class FailingPartitions(TimeProvider timeProvider)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<TopicPartition, (long At, string Reason)> _failing = [];
    private volatile bool _any;

    /// <summary>Whether there are some: almost never, and successes need not be told then.</summary>
    public bool Any => _any;

    /// <summary>A record was not acknowledged.</summary>
    public void Failed(TopicPartition partition, Error error)
    {
        // Those are the record's own fault, or nobody's.
        if (error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidRecord or ErrorCode.InvalidMsg or ErrorCode.Local_PurgeQueue or ErrorCode.Local_PurgeInflight)
            return;
        _failing[partition] = (timeProvider.GetTimestamp(), error.Code == ErrorCode.TopicAuthorizationFailed ? $"WRITE on topic {partition.Topic} is refused" : error.Reason);
        _any = true;
    }

    /// <summary>A record was acknowledged.</summary>
    public void Succeeded(TopicPartition partition)
    {
        // What could not even be given a partition failed for the whole topic.
        _failing.TryRemove(partition, out _);
        _failing.TryRemove(new TopicPartition(partition.Topic, Partition.Any), out _);
        _any = !_failing.IsEmpty;
    }

    /// <summary>The topics that cannot be written.</summary>
    /// <param name="leaderOf">The broker that leads a partition, where that is known.</param>
    /// <param name="partitionsOf">How many partitions a topic has, where that is known.</param>
    public IEnumerable<TopicProblem> Problems(Func<TopicPartition, int?> leaderOf, Func<string, int?> partitionsOf)
    {
        var recent = _failing.Where(failure => timeProvider.GetElapsedTime(failure.Value.At) < Lasts);
        foreach (var topic in recent.GroupBy(failure => failure.Key.Topic))
        {
            var which = topic.Select(failure => failure.Key).Where(partition => partition.Partition != Partition.Any).OrderBy(partition => partition.Partition.Value).ToList();
            var where = which.Count == 0 ? "" : string.Join(", ", which.Select(partition => string.Create(
                CultureInfo.InvariantCulture, $"partition {partition.Partition.Value}{(leaderOf(partition) is { } leader ? $" (broker {leader})" : "")}"))) + ": ";
            yield return new(
                topic.Key, $"cannot be written: {where}{topic.MaxBy(failure => failure.Value.At).Value.Reason}",
                IsWhole: which.Count == 0 || which.Count >= (partitionsOf(topic.Key) ?? int.MaxValue));
        }
    }
}
