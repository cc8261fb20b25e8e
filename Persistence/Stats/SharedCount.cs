namespace Persistence.Stats;

/// <summary>A count that is read once for all who ask within a time.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="lifetime">How old it may be.</param>
internal sealed class SharedCount<T>(TimeProvider timeProvider, TimeSpan lifetime) where T : struct, Enum
{
    private readonly SemaphoreSlim _reading = new(1, 1);
    private (IReadOnlyDictionary<T, long> Counts, long At)? _last;

    /// <summary>The last count where it is young enough, else one that is read now. What a reading throws is thrown to its caller alone.</summary>
    /// <param name="read">Reads it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyDictionary<T, long>> GetAsync(
        Func<CancellationToken, Task<IReadOnlyDictionary<T, long>>> read, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && timeProvider.GetElapsedTime(last.At) < lifetime)
                return last.Counts;
            var counts = await read(cancellationToken);
            _last = (counts, timeProvider.GetTimestamp());
            return counts;
        }
        finally
        {
            _reading.Release();
        }
    }
}
