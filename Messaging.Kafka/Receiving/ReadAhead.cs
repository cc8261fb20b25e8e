using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// How far the poll thread may read ahead of the handlers, by count and bytes: a partition that is ahead of its share is paused, and
/// resumed at half of it; the others are read on. All of it is the poll thread's, except <see cref="Progressed"/>.
/// </summary>
internal sealed class ReadAhead(ConsumerSettings settings, AssignedPartitions assignments, Func<bool> workersAreBusy, TimeProvider timeProvider) : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly ManualResetEventSlim _space = new();
    private volatile PartitionAssignment? _ahead;
    private long _aheadSince;

    private int Share => Math.Max(1, settings.PrefetchCount / Math.Max(1, assignments.Count));

    private long ShareBytes => settings.PrefetchBytes / Math.Max(1, assignments.Count);

    /// <summary>Whether a partition has its share of what may be read ahead.</summary>
    /// <param name="assignment">The partition.</param>
    /// <param name="records">Records of it that are not yet counted there.</param>
    /// <param name="bytes">Their bytes.</param>
    public bool IsFull(PartitionAssignment assignment, int records = 0, long bytes = 0) =>
        assignment.Outstanding + records >= Share || assignment.OutstandingBytes + bytes >= ShareBytes
        || assignment.Span + records >= settings.MessageLimit;

    /// <summary>Notes that the partition read last is full.</summary>
    public void Note(PartitionAssignment assignment) => (_ahead, _aheadSince) = (assignment, timeProvider.GetTimestamp());

    /// <summary>Forgets the partition that was noted.</summary>
    public void Forget() => _ahead = null;

    /// <summary>
    /// Whether a partition that is ahead of its handlers keeps the poll thread from reading. A pause throws away what librdkafka has
    /// fetched already, so that one is not paused at once: for a moment never, and while all workers are busy, when nobody has to wait
    /// for what the other partitions hold, for a second.
    /// </summary>
    public bool WaitsForSpace(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (_ahead is not { } assignment)
            return false;

        _space.Reset();
        if (!HasSpace(assignment))
            _space.Wait(Wait);
        if (!HasSpace(assignment))
        {
            if (workersAreBusy() && timeProvider.GetElapsedTime(_aheadSince) < LongestWait)
                return true;
            Pause(consumer, assignment);
        }

        _ahead = null;
        return false;
    }

    /// <summary>Reads on the partitions that have space again, and those whose next record is due.</summary>
    public void ResumeWhatMay(IConsumer<byte[]?, byte[]?> consumer)
    {
        foreach (var assignment in assignments.All)
        {
            if (assignment is { PausedForSpace: false, PausedUntil: null })
                continue;
            if (assignment.PausedForSpace && HasSpace(assignment))
                assignment.PausedForSpace = false;
            if (assignment.PausedUntil <= timeProvider.GetUtcNow())
                assignment.PausedUntil = null;
            if (assignment is { PausedForSpace: false, PausedUntil: null })
                consumer.Resume([assignment.Partition]);
        }
    }

    /// <summary>A handler has completed a record of the partition; for any thread.</summary>
    public void Progressed(PartitionAssignment assignment)
    {
        if (ReferenceEquals(_ahead, assignment) && HasSpace(assignment))
            _space.Set();
    }

    /// <inheritdoc/>
    public void Dispose() => _space.Dispose();

    private static void Pause(IConsumer<byte[]?, byte[]?> consumer, PartitionAssignment assignment)
    {
        if (assignment.PausedForSpace)
            return;
        assignment.PausedForSpace = true;
        if (assignment.PausedUntil is null)
            consumer.Pause([assignment.Partition]);
    }

    /// <summary>
    /// Whether half of a share may be read. A record that takes long holds up the watermark, and with it the span, while all behind it
    /// are completed: that the span has room for so much is enough.
    /// </summary>
    private bool HasSpace(PartitionAssignment assignment) =>
        assignment.Outstanding <= Share / 2 && assignment.OutstandingBytes <= ShareBytes / 2
        && assignment.Span <= settings.MessageLimit - (Math.Min(Share, settings.MessageLimit) / 2);
}
