using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Whether a member without partitions should have some: those of its topics that no member of the group owns, or that it owns itself
/// and does not know of. Asked for in the background, and only while there is reason to. The poll thread's own.
/// </summary>
internal sealed class GroupOwnership(ConsumerSettings settings, ClusterMonitor cluster, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private Task<bool>? _asking;
    private long _asked;
    private bool _missing;

    /// <summary>What was last found; false where that cannot be known.</summary>
    public bool MissesPartitions(string memberId)
    {
        if (_asking is { IsCompleted: true } done)
        {
            _missing = done.IsCompletedSuccessfully && done.Result;
            _ = done.Exception;
            _asking = null;
        }

        if (_asking is null && (_asked == 0 || timeProvider.GetElapsedTime(_asked) >= Interval))
        {
            _asked = timeProvider.GetTimestamp();
            _asking = cluster.AskBlockingAsync(admin => Ask(admin, memberId));
        }

        return _missing;
    }

    private bool Ask(IAdminClient admin, string memberId)
    {
        // While members come and go nobody owns anything, for as long as the slowest of them takes.
        if (GroupLookup.Find(admin, settings.Group, Interval) is not { State: GroupLookup.Stable } group)
            return false;
        if (group.Members.Exists(member => member.MemberId == memberId && GroupLookup.Partitions(member).Count > 0))
            return true;

        var owned = group.Members.SelectMany(GroupLookup.Partitions).ToHashSet();
        var metadata = admin.GetMetadata(Interval);
        return metadata.Topics.Where(topic => settings.Reads(topic.Topic))
            .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId)))
            .Any(partition => !owned.Contains(partition));
    }
}
