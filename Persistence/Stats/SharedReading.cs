namespace Persistence.Stats;

/// <summary>Something that is read once for all who ask within a time.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="lifetime">How old it may be.</param>
internal sealed class SharedReading<T>(TimeProvider timeProvider, TimeSpan lifetime)
{
    private readonly Lock _lock = new();
    private (Task<T> Reading, long At)? _last;

    /// <summary>What was read last where it is young enough, or is being read, else what is read now.</summary>
    /// <param name="read">Reads it. It is not canceled with one of those who ask, as it serves the others too.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<T> GetAsync(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        Task<T> reading;
        lock (_lock)
        {
            if (_last is not { } last || !IsOfUse(last.Reading, last.At))
                _last = last = (read(), timeProvider.GetTimestamp());
            reading = last.Reading;
        }

        return reading.WaitAsync(cancellationToken);
    }

    private bool IsOfUse(Task reading, long at) =>
        !reading.IsCompleted || (reading.IsCompletedSuccessfully && timeProvider.GetElapsedTime(at) < lifetime);
}
