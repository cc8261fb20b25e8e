namespace Consumer.Worker.Smtp.Pace;

/// <summary>A semaphore whose number of places may change, and whose places go to those that wait in turn.</summary>
/// <param name="limit">How many places there are.</param>
internal sealed class AdjustableLimit(int limit)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private int _limit = limit;
    private int _taken;

    /// <summary>How many places there are. Where it shrinks, places in use stay so until they are released.</summary>
    public int Limit
    {
        get => Volatile.Read(ref _limit);
        set
        {
            lock (_lock)
            {
                _limit = value;
                Admit();
            }
        }
    }

    /// <summary>How many are in use.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>How many wait for one.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="first">Whether before all others that wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask WaitAsync(bool first, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> place;
        lock (_lock)
        {
            if (_taken < _limit && (first || _waiting.Count == 0))
            {
                _taken++;
                return default;
            }

            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            place = first ? _waiting.AddFirst(source) : _waiting.AddLast(source);
        }

        return new ValueTask(WaitAsync(place, cancellationToken));
    }

    /// <summary>Leaves a place to the next.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _taken--;
            Admit();
        }
    }

    private async Task WaitAsync(LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        await using var canceled = cancellationToken.UnsafeRegister(_ => Leave(place, cancellationToken), null);
        await place.Value.Task;
    }

    private void Leave(LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Off the list it has its place already.
            if (place.List is null)
                return;
            _waiting.Remove(place);
        }

        place.Value.TrySetCanceled(cancellationToken);
    }

    private void Admit()
    {
        while (_taken < _limit && _waiting.First is { } next)
        {
            _waiting.RemoveFirst();
            _taken++;
            next.Value.SetResult();
        }
    }
}
