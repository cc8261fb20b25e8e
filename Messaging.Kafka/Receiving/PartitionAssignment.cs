using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// One partition for as long as it is assigned: what is under way in it and how far it got. Each assignment is an object of its
/// own, so that a report about a record of an earlier one reaches nothing that is alive.
/// </summary>
/// <remarks>The poll thread admits and commits; the threads of handlers begin and complete records.</remarks>
internal sealed class PartitionAssignment(TopicPartition partition, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly PartitionOffsets _offsets = new();
    private readonly RunningDeliveries _running = new();
    private readonly CancellationTokenSource _draining = new();
    private long _committed = Offset.Unset;
    private int _outstanding;
    private long _outstandingBytes;
    private int _span;
    private bool _closing;
    private volatile bool _fenced;

    /// <summary>The topic and partition.</summary>
    public TopicPartition Partition { get; } = partition;

    /// <summary>Canceled when the assignment is about to end: what waits without having begun releases its record.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>How many records are admitted and not completed.</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>The bytes of keys and values of those.</summary>
    public long OutstandingBytes => Volatile.Read(ref _outstandingBytes);

    /// <summary>The log of what goes wrong when handlers are canceled.</summary>
    public ILogger Logger => logger;

    /// <summary>Whether the partition is another owner's already: nothing of this assignment may be committed.</summary>
    public bool IsFenced => _fenced;

    /// <summary>Whether the poll thread has paused the partition because it is ahead of its handlers. The poll thread's own.</summary>
    public bool PausedForSpace { get; set; }

    /// <summary>Until when the poll thread has paused the partition because its next record is not due. The poll thread's own.</summary>
    public DateTimeOffset? PausedUntil { get; set; }

    /// <summary>The offset of the newest record taken in, -1 before the first. The poll thread's own.</summary>
    public long Newest { get; private set; } = -1;

    /// <summary>How many records lie between what is committed and the partition's end, as last seen.</summary>
    public long Lag { get; set; }

    /// <summary>How many records lie at or above the watermark.</summary>
    public int Span => Volatile.Read(ref _span);

    /// <summary>The offset of the oldest record that is not completed, and how far the partition has got.</summary>
    public (long? Oldest, long Passed) Progress
    {
        get
        {
            lock (_lock)
                return (_offsets.Oldest, _offsets.Passed);
        }
    }

    /// <summary>How many handlers run.</summary>
    public int Running
    {
        get
        {
            lock (_lock)
                return _running.Count;
        }
    }

    /// <summary>Whether a record goes on behind those that were read before it; false where the partition's offsets went back.</summary>
    public bool Follows(Offset offset)
    {
        if (offset.Value <= Newest)
            return false;
        Newest = offset.Value;
        return true;
    }

    /// <summary>Whether it has been asked from where the group goes on. The poll thread's own.</summary>
    public bool StartAsked { get; set; }

    /// <summary>The partition goes on at an offset at the earliest: what lies before it is none of its records.</summary>
    public void GoesOnAt(Offset offset) => Newest = Math.Max(Newest, offset.Value - 1);

    /// <summary>The partition is read from offset 0, whatever was committed of it before.</summary>
    public void BeginsAtStart()
    {
        StartAsked = true;
        lock (_lock)
            _offsets.BeginAtStart();
    }

    /// <summary>Takes in records that were read, in their order.</summary>
    public void Admit(List<Delivery> deliveries)
    {
        lock (_lock)
        {
            foreach (var delivery in deliveries)
            {
                delivery.Sequence = _offsets.Admit(delivery.Result.Offset.Value);
                _outstandingBytes += delivery.Bytes;
            }

            _outstanding += deliveries.Count;
            _span = _offsets.Span;
        }
    }

    /// <summary>The partition was read to its end, markers of transactions included.</summary>
    public void ReachedEnd(long offset)
    {
        lock (_lock)
            _offsets.ReachedEnd(offset);
    }

    /// <summary>A handler wants to begin. False where the assignment is ending: the record is left to whoever gets the partition.</summary>
    public bool TryBegin(Delivery delivery)
    {
        lock (_lock)
        {
            if (_closing)
                return false;
            _running.Add(delivery);
            return true;
        }
    }

    /// <summary>A handler has returned.</summary>
    /// <param name="delivery">The record's delivery.</param>
    /// <param name="completed">Whether the record is completed; otherwise its offset stays where it is.</param>
    public void Finish(Delivery delivery, bool completed)
    {
        lock (_lock)
        {
            _running.Remove(delivery);
            if (!completed)
                return;
            _offsets.Complete(delivery.Sequence);
            _span = _offsets.Span;
            _outstanding--;
            _outstandingBytes -= delivery.Bytes;
        }
    }

    /// <summary>No further handler begins; those that only wait release their records.</summary>
    public void Close()
    {
        lock (_lock)
            _closing = true;
        _draining.CancelElsewhere(logger);
    }

    /// <summary>Cancels the handlers that still run: their records belong to another owner now.</summary>
    public void Fence()
    {
        List<Delivery> running;
        lock (_lock)
        {
            (_closing, _fenced) = (true, true);
            running = _running.ToList();
        }

        foreach (var delivery in running)
            delivery.Cancel();
    }

    /// <summary>The offset to commit, or null where nothing has moved since the last commit.</summary>
    public TopicPartitionOffset? ToCommit()
    {
        lock (_lock)
        {
            return !_fenced && _offsets.Watermark is { } watermark && watermark > _committed && _offsets.HasMoved
                ? new TopicPartitionOffset(Partition, watermark)
                : null;
        }
    }

    /// <summary>How many records lie between the watermark and the partition's end.</summary>
    /// <param name="end">The partition's end.</param>
    /// <param name="committed">What counts as the watermark before the first record; null: that is not known, and no lag is.</param>
    public long LagTo(long end, long? committed)
    {
        lock (_lock)
            return (_offsets.Watermark ?? committed) is { } watermark ? Math.Max(0, end - watermark) : 0;
    }

    /// <summary>Notes what the broker has taken, so that commits only ever move on.</summary>
    public void Committed(long offset)
    {
        lock (_lock)
            _committed = Math.Max(_committed, offset);
    }
}
