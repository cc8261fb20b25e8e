namespace Messaging.Kafka.Batches;

/// <summary>
/// Where a record of a batch consumer's endpoint is, for the next one of its key. It may enter a batch when the one before it waits in a batch
/// that has not begun, or has been consumed, or is over; and a batch begins with those records alone whose predecessors are that, or in it, too.
/// </summary>
/// <param name="before">The turn of the record of the same key before it, while that is not over.</param>
internal sealed class BatchTurn(BatchTurn? before)
{
    private readonly Lock _lock = new();
    private BatchTurn? _before = before;
    private Stage _stage;
    private bool _followsAtTheEnd;
    private TaskCompletionSource? _changed;

    private enum Stage
    {
        /// <summary>It is in no batch: it has not got there yet, or comes again.</summary>
        Outside,

        /// <summary>It is being handed to its consumer.</summary>
        Entering,

        /// <summary>It waits in a batch, or is about to.</summary>
        Waiting,

        /// <summary>Its batch has begun.</summary>
        Running,

        /// <summary>Its batch has been consumed.</summary>
        Consumed,

        /// <summary>Its batch has failed, and what becomes of the record is not settled.</summary>
        Failed,

        /// <summary>It is done with.</summary>
        Over,
    }

    /// <summary>Whether its batch has begun without it: it enters another.</summary>
    public bool IsLeftOut { get; private set; }

    /// <summary>Why its batch has failed, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Waits until it may enter a batch, and notes that it does.</summary>
    public async Task Enter(CancellationToken cancellationToken)
    {
        if (_before is { } before)
        {
            if (_followsAtTheEnd)
                await before.Until(static stage => stage is Stage.Consumed or Stage.Over, cancellationToken);
            else
                await before.Until(static stage => stage is Stage.Waiting or Stage.Consumed or Stage.Over, cancellationToken);
        }

        (IsLeftOut, _followsAtTheEnd, Failure) = (false, false, null);
        Set(Stage.Entering);
    }

    /// <summary>It has been handed to its consumer: the next one may follow it, unless its batch has begun meanwhile.</summary>
    public void Entered()
    {
        lock (_lock)
        {
            if (_stage == Stage.Entering)
                Set(Stage.Waiting);
        }
    }

    /// <summary>Its batch begins, with it or without it.</summary>
    /// <param name="batch">Those in front of it in the batch, to which it is added.</param>
    /// <returns>False where the record of its key before it is neither consumed, nor over, nor in the batch.</returns>
    public bool TryBegin(HashSet<BatchTurn> batch)
    {
        var previous = _before;
        IsLeftOut = previous is { IsPast: false } && !batch.Contains(previous);
        // It would be left out again for as long as the one before it is in a batch of its own; one that is left out, too, may be followed.
        _followsAtTheEnd = IsLeftOut && !previous!.IsLeftOut;
        if (!IsLeftOut)
            batch.Add(this);
        Set(IsLeftOut ? Stage.Outside : Stage.Running);
        return !IsLeftOut;
    }

    /// <summary>Its batch has been consumed.</summary>
    public void Consumed() => Set(Stage.Consumed);

    /// <summary>Its batch has failed.</summary>
    public void Fail(Exception failure)
    {
        Failure = failure;
        Set(Stage.Failed);
    }

    /// <summary>Waits until it is settled what becomes of the record before it, where that has failed: what has failed together is written elsewhere in its order.</summary>
    public Task BeforeIsSettled(CancellationToken cancellationToken) =>
        _before is { } before ? before.Until(static stage => stage is not Stage.Failed, cancellationToken) : Task.CompletedTask;

    /// <summary>The record is done with: completed, or another owner's.</summary>
    public void End()
    {
        Set(Stage.Over);
        // Or one record that takes long would hold all that follow it in memory.
        _before = null;
    }

    private bool IsPast
    {
        get
        {
            lock (_lock)
                return _stage is Stage.Consumed or Stage.Over;
        }
    }

    private void Set(Stage stage)
    {
        lock (_lock)
        {
            // A batch that ends after its record was given up changes nothing.
            if (_stage == Stage.Over)
                return;
            _stage = stage;
            _changed?.TrySetResult();
            _changed = null;
        }
    }

    private async Task Until(Func<Stage, bool> reached, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (reached(_stage))
                    return;
                _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }
}
