using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// How far the poll thread may read ahead of the handlers, by count and bytes: a partition that is ahead of its share is waited for, and
/// paused if that takes long; the others are read on. All of it is the poll thread's, except <see cref="Progressed"/>.
/// </summary>
/// <remarks>
/// A pause is dear. It throws away what librdkafka has fetched already, and a resumed partition is fetched only after the fetch that is
/// under way, which a broker without new records answers after half a second (<c>fetch.wait.max.ms</c>).
/// </remarks>
internal sealed class ReadAhead(ConsumerSettings settings, AssignedPartitions assignments, Func<bool> workersAreBusy, TimeProvider timeProvider) : IDisposable
{
    /// <summary>What part of its share is free before a partition is read on that was only waited for.</summary>
    private const int Tenth = 10;

    /// <summary>The same of one that was paused: the other half lasts while it is fetched again.</summary>
    private const int Half = 2;

    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(5);

    /// <summary>How long a partition is waited for while others may have nothing to do.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>How long while nobody has to wait for what the others hold.</summary>
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(1);

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

    /// <summary>Whether a partition that is ahead of its handlers keeps the poll thread from reading. One that does so for long is paused.</summary>
    public bool WaitsForSpace(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (_ahead is not { } assignment)
            return false;

        _space.Reset();
        if (!HasSpace(assignment, Tenth))
            _space.Wait(Wait);
        if (!HasSpace(assignment, Tenth))
        {
            if (timeProvider.GetElapsedTime(_aheadSince) < PatienceFor(assignment))
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
            if (assignment.PausedForSpace && HasSpace(assignment, Half))
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
        if (ReferenceEquals(_ahead, assignment) && HasSpace(assignment, Tenth))
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

    /// <summary>Nobody waits for what other partitions hold where all workers are busy, or each of the others has records at hand.</summary>
    private TimeSpan PatienceFor(PartitionAssignment ahead)
    {
        if (workersAreBusy())
            return LongPatience;
        if (settings.HasDueTimes)
            return TimeSpan.Zero;
        var few = PartOf(Share, Tenth);
        foreach (var assignment in assignments.All)
        {
            if (!ReferenceEquals(assignment, ahead) && assignment is { PausedForSpace: false, PausedUntil: null } && assignment.Outstanding < few)
                return ShortPatience;
        }

        return LongPatience;
    }

    /// <summary>
    /// Whether a part of a share may be read. A record that takes long holds up the watermark, and with it the span, while all behind it
    /// are completed: that the span has room for so much is enough.
    /// </summary>
    private bool HasSpace(PartitionAssignment assignment, int part) =>
        assignment.Outstanding <= Share - PartOf(Share, part) && assignment.OutstandingBytes <= ShareBytes - (ShareBytes / part)
        && assignment.Span <= settings.MessageLimit - PartOf(Math.Min(Share, settings.MessageLimit), part);

    private static int PartOf(int records, int part) => Math.Max(1, records / part);
}
