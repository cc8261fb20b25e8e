namespace Persistence.Stats;

/// <summary>A count that is read once for all who ask within a time.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="lifetime">How old it may be.</param>
internal sealed class SharedCount<T>(TimeProvider timeProvider, TimeSpan lifetime) where T : struct, Enum
{
    private readonly Lock _lock = new();
    private (Task<IReadOnlyDictionary<T, long>> Counts, long At)? _last;

    /// <summary>The last count where it is young enough, or is being read, else one that is read now.</summary>
    /// <param name="read">Reads it. It is not canceled with one of those who ask, as it serves the others too.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<IReadOnlyDictionary<T, long>> GetAsync(Func<Task<IReadOnlyDictionary<T, long>>> read, CancellationToken cancellationToken)
    {
        Task<IReadOnlyDictionary<T, long>> counts;
        lock (_lock)
        {
            if (_last is not { } last || !IsOfUse(last.Counts, last.At))
                _last = last = (read(), timeProvider.GetTimestamp());
            counts = last.Counts;
        }

        return counts.WaitAsync(cancellationToken);
    }

    private bool IsOfUse(Task counts, long at) =>
        !counts.IsCompleted || (counts.IsCompletedSuccessfully && timeProvider.GetElapsedTime(at) < lifetime);
}
