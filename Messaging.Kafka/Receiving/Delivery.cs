using Confluent.Kafka;
using Messaging.Kafka.Batches;

namespace Messaging.Kafka.Receiving;

/// <summary>One record on its way through the endpoint.</summary>
internal sealed class Delivery(PartitionAssignment assignment, ConsumeResult<byte[]?, byte[]?> result)
{
    /// <summary>Stands in <see cref="_handler"/> once the delivery is canceled, and never gives way again.</summary>
    private static readonly ICancelable Canceled = new NothingToCancel();

    private ICancelable? _handler;

    /// <summary>The assignment it was read in.</summary>
    public PartitionAssignment Assignment { get; } = assignment;

    /// <summary>The record as the client gave it.</summary>
    public ConsumeResult<byte[]?, byte[]?> Result { get; } = result;

    /// <summary>Its number among the assignment's records.</summary>
    public long Sequence { get; set; }

    /// <summary>Whose turn it waits for; null: nobody's. The dispatcher's own.</summary>
    public int? OrderingKey { get; set; }

    /// <summary>Whether the next of its key may begin. The dispatcher's own.</summary>
    public bool HasFreedKey { get; set; }

    /// <summary>Whose it is, as a hash; those who share one only share their turn. The dispatcher's own.</summary>
    public int Party { get; set; }

    /// <summary>When it was read, where its handler wants to know. The poll thread sets it.</summary>
    public DateTimeOffset ReadAt { get; set; }

    /// <summary>Whose places it takes; the dispatcher sets it.</summary>
    public DispatchLane? Lane { get; set; }

    /// <summary>The lane's name, where its endpoint has such; the dispatcher sets it.</summary>
    public string? LaneName { get; set; }

    /// <summary>Where it is among the records of its key, on the endpoint of a batch consumer; null: it has no key, or its endpoint is of another kind. The dispatcher sets it.</summary>
    public BatchTurn? Turn { get; set; }

    /// <summary>What it counts against the bound on memory.</summary>
    public long Bytes => (Result.Message.Key?.Length ?? 0) + (Result.Message.Value?.Length ?? 0) + 512;

    /// <summary>How often the endpoint has paused because of this record.</summary>
    public int Pauses { get; set; }

    /// <summary>Its neighbours among the assignment's running deliveries, whose own these are.</summary>
    public Delivery? Next { get; set; }

    /// <inheritdoc cref="Next"/>
    public Delivery? Previous { get; set; }

    /// <summary>Whether the record now belongs to somebody else: the partition was revoked, or the endpoint stopped.</summary>
    public bool IsCanceled => ReferenceEquals(Volatile.Read(ref _handler), Canceled);

    /// <summary>The key's hash, or null for a record without a key. Keys that share a hash only share their turn.</summary>
    public int? KeyHash()
    {
        if (Result.Message.Key is not { } key)
            return null;
        var hash = new HashCode();
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    /// <inheritdoc cref="RecordDispatcher.LetNextBegin"/>
    public void LetNextBegin() => Lane?.LetNextBegin(this);

    /// <summary>Sets how the handler that now runs is canceled, null when it has returned; cancels it at once, if it is too late already.</summary>
    public void CancelBy(ICancelable? handler)
    {
        var before = Volatile.Read(ref _handler);
        if (ReferenceEquals(before, Canceled) || Interlocked.CompareExchange(ref _handler, handler, before) != before)
            Cancel(handler);
    }

    /// <summary>Cancels the handler that runs, on another thread.</summary>
    public void Cancel()
    {
        if (Interlocked.Exchange(ref _handler, Canceled) is { } handler && !ReferenceEquals(handler, Canceled))
            handler.CancelElsewhere(Assignment.Logger);
    }

    private static void Cancel(ICancelable? handler)
    {
        try
        {
            handler?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The handler returned meanwhile: there is nothing left to cancel.
        }
    }

    private sealed class NothingToCancel : ICancelable
    {
        public void Cancel()
        {
        }
    }
}

/// <summary>A handler that can be told that its record is no longer its own.</summary>
internal interface ICancelable
{
    /// <summary>Cancels it.</summary>
    void Cancel();
}

/// <summary>A token source for handlers that have nothing else to be canceled by.</summary>
internal sealed class HandlerCancellation : CancellationTokenSource, ICancelable;
