using Npgsql;

namespace Persistence.Batching;

/// <summary>
/// Writes what many tasks want written at the same time by few statements. Nothing waits to be joined by others: the first
/// item goes at once, and those that come until its turn is over go together. So a batch grows as Postgres slows.
/// </summary>
/// <remarks>
/// Each waiter gets the result of its own item. Where Postgres is unavailable (<see cref="PostgresErrors.IsUnavailable"/>), all of a batch
/// fail; any other exception is one item's, found by writing each by itself, so that the others do not fail by it.
/// Writing an item again must therefore be harmless. A waiter that gives up stops no batch that its item is in.
/// </remarks>
/// <param name="write">Writes items that differ in their keys, all or none; returns the results in their order.</param>
/// <param name="key">What an item's row is known by.</param>
/// <param name="limit">How many items a batch holds at most.</param>
/// <param name="turns">When a batch may go.</param>
internal sealed class GroupCommit<TItem, TResult>(
    Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> write, Func<TItem, Guid> key, int limit, Turns turns)
{
    // A batch of one that met a deadlock cannot be divided; Postgres let the other transaction through.
    private const int TriesAlone = 3;

    private readonly Lock _lock = new();
    private readonly BatchQueue<Waiter> _queue = new(limit, waiter => key(waiter.Item));
    private bool _asked;

    /// <summary>Has an item written and returns its result.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Gives up waiting; the item may have been written then.</param>
    public async Task<TResult> WriteAsync(TItem item, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new Waiter(item);
        await using var canceled = cancellationToken.UnsafeRegister(
            static (state, cancellationToken) => ((Waiter)state!).Result.TrySetCanceled(cancellationToken), waiter);
        lock (_lock)
        {
            _queue.Add(waiter);
            Ask();
        }
        return await waiter.Result.Task;
    }

    /// <summary>Asks for a turn where something waits and none was asked for; under the lock.</summary>
    private void Ask()
    {
        if (_asked || _queue.Count == 0)
            return;
        _asked = true;
        // Elsewhere, and without this caller's context: the batch is others' too.
        ThreadPool.UnsafeQueueUserWorkItem(static owner => _ = owner.WriteNextAsync(), this, preferLocal: false);
    }

    /// <summary>Writes one batch in its turn. Never throws: an exception goes to the waiters of the batch.</summary>
    private async Task WriteNextAsync()
    {
        using var turn = await turns.TakeAsync();
        await LetOthersJoinAsync();
        IReadOnlyList<Waiter> batch;
        lock (_lock)
        {
            batch = _queue.Take();
            _asked = false;
            Ask();
        }
        await WriteAsync([.. batch.Where(waiter => !waiter.Result.Task.IsCompleted)]);
    }

    /// <summary>
    /// Lets whoever is ready to run go first, as long as more items come by it: on a busy machine a batch grows by that, and on an idle
    /// one it goes at once.
    /// </summary>
    private async Task LetOthersJoinAsync()
    {
        for (int before = 0, now; before < limit && (now = Waiting()) > before; before = now)
            await Task.Yield();
    }

    private int Waiting()
    {
        lock (_lock)
            return _queue.Count;
    }

    private async Task WriteAsync(Waiter[] batch, int tries = 1)
    {
        if (batch.Length == 0)
            return;
        try
        {
            var results = await write([.. batch.Select(waiter => waiter.Item)]);
            for (var i = 0; i < batch.Length; i++)
                batch[i].Result.TrySetResult(results[i]);
        }
        catch (Exception exception) when (batch.Length > 1 && !PostgresErrors.IsUnavailable(exception))
        {
            foreach (var waiter in batch)
                await WriteAsync([waiter]);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DeadlockDetected && tries < TriesAlone)
        {
            await WriteAsync(batch, tries + 1);
        }
        // Broad on purpose: it is thrown where the waiters wait.
        catch (Exception exception)
        {
            foreach (var waiter in batch)
                waiter.Result.TrySetException(exception);
        }
    }

    private sealed class Waiter(TItem item)
    {
        public TItem Item => item;

        public TaskCompletionSource<TResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
