namespace Messaging.Kafka.Inspection;

/// <summary>How far a group is in a partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Beginning">The first offset that retention has left.</param>
/// <param name="End">The offset after the last record.</param>
/// <param name="Committed">The group's committed offset; null where it has committed none.</param>
public sealed record PartitionProgress(string Topic, int Partition, long Beginning, long End, long? Committed)
{
    /// <summary>
    /// Where the group reads on: its committed offset, or the beginning where it has none, or one that is not of this topic's records
    /// (retention went past it, or the topic was created again).
    /// </summary>
    public long Position => Committed is { } committed && committed >= Beginning && committed <= End ? committed : Beginning;

    /// <summary>How many offsets the group has before it.</summary>
    public long Lag => End - Position;
}
