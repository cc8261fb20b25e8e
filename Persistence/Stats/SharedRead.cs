namespace Persistence.Stats;

/// <summary>What is read once for all who ask within a time.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="lifetime">How old it may be.</param>
internal sealed class SharedRead<T>(TimeProvider timeProvider, TimeSpan lifetime)
{
    private readonly Lock _lock = new();
    private (Task<T> Read, long At)? _last;

    /// <summary>What was read last, where it is young enough, or is being read, else one that is read now.</summary>
    /// <param name="read">Reads it. It is not canceled with one of those who ask, as it serves the others too.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<T> GetAsync(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        Task<T> current;
        lock (_lock)
        {
            if (_last is not { } last || !IsOfUse(last.Read, last.At))
                _last = last = (read(), timeProvider.GetTimestamp());
            current = last.Read;
        }

        return current.WaitAsync(cancellationToken);
    }

    private bool IsOfUse(Task task, long at) =>
        !task.IsCompleted || (task.IsCompletedSuccessfully && timeProvider.GetElapsedTime(at) < lifetime);
}
