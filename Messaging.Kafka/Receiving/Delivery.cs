using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>One record on its way through the endpoint.</summary>
internal sealed class Delivery(PartitionAssignment assignment, ConsumeResult<byte[]?, byte[]?> result)
{
    private readonly Lock _lock = new();
    private Action? _cancel;
    private bool _canceled;

    /// <summary>The assignment it was read in.</summary>
    public PartitionAssignment Assignment { get; } = assignment;

    /// <summary>The record as the client gave it.</summary>
    public ConsumeResult<byte[]?, byte[]?> Result { get; } = result;

    /// <summary>Its number among the assignment's records.</summary>
    public long Sequence { get; set; }

    /// <summary>What it counts against the bound on memory.</summary>
    public long Bytes { get; } = (result.Message.Key?.Length ?? 0) + (result.Message.Value?.Length ?? 0) + 512;

    /// <summary>How often the endpoint has paused because of this record.</summary>
    public int Pauses { get; set; }

    /// <summary>The key's hash, or null for a record without a key. Keys that share a hash only share their turn.</summary>
    public int? KeyHash()
    {
        if (Result.Message.Key is not { } key)
            return null;
        var hash = new HashCode();
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    /// <summary>Whether the record now belongs to somebody else: the partition was revoked, or the endpoint stopped.</summary>
    public bool IsCanceled
    {
        get
        {
            lock (_lock)
                return _canceled;
        }
    }

    /// <summary>Sets how the handler that now runs is canceled; at once, if it is too late already.</summary>
    public void CancelBy(Action? cancel)
    {
        lock (_lock)
        {
            _cancel = cancel;
            if (!_canceled)
                return;
        }

        Invoke(cancel);
    }

    /// <summary>Cancels the handler that runs.</summary>
    public void Cancel()
    {
        Action? cancel;
        lock (_lock)
        {
            _canceled = true;
            cancel = _cancel;
        }

        Invoke(cancel);
    }

    private static void Invoke(Action? cancel)
    {
        try
        {
            cancel?.Invoke();
        }
        catch (ObjectDisposedException)
        {
            // The handler ended between the lock and here: there is nothing left to cancel.
        }
    }
}
