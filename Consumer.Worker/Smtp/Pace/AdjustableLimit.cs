namespace Consumer.Worker.Smtp.Pace;

/// <summary>A semaphore whose number of places may change, and whose places go to those that wait as <see cref="TurnQueue{T}"/> says.</summary>
/// <param name="limit">How many places there are.</param>
internal sealed class AdjustableLimit(int limit)
{
    private readonly Lock _lock = new();
    private readonly TurnQueue<TaskCompletionSource> _waiting = new();
    private readonly LinkedList<TaskCompletionSource> _first = [];
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
                return _waiting.Count + _first.Count;
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="party">Who waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask WaitAsync(Party party, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource source;
        TurnQueue<TaskCompletionSource>.Place place;
        lock (_lock)
        {
            if (_taken < _limit && _waiting.Count + _first.Count == 0)
            {
                _taken++;
                return default;
            }

            source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            place = _waiting.Add(party, source);
        }

        return new ValueTask(WaitAsync(source, place.Leave, cancellationToken));
    }

    /// <summary>Waits for a place before all others.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask WaitFirstAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> place;
        lock (_lock)
        {
            if (_taken < _limit)
            {
                _taken++;
                return default;
            }

            place = _first.AddFirst(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        return new ValueTask(WaitAsync(place.Value, Leave, cancellationToken));

        bool Leave()
        {
            if (place.List is null)
                return false;
            _first.Remove(place);
            return true;
        }
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

    private async Task WaitAsync(TaskCompletionSource source, Func<bool> leave, CancellationToken cancellationToken)
    {
        await using var canceled = cancellationToken.UnsafeRegister(_ => Leave(source, leave, cancellationToken), null);
        await source.Task;
    }

    private void Leave(TaskCompletionSource source, Func<bool> leave, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Who is not there any more has a place already.
            if (!leave())
                return;
        }

        source.TrySetCanceled(cancellationToken);
    }

    private void Admit()
    {
        while (_taken < _limit && TakeNext() is { } next)
        {
            _taken++;
            next.SetResult();
        }
    }

    private TaskCompletionSource? TakeNext()
    {
        if (_first.First is not { Value: var first })
            return _waiting.TryTake(out var next) ? next : null;
        _first.RemoveFirst();
        return first;
    }
}
