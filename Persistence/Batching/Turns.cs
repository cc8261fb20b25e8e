using System.Diagnostics.CodeAnalysis;

namespace Persistence.Batching;

/// <summary>
/// Whose turn it is to write a batch. One is under way at a time, of whatever kind: Postgres then has few large statements to run
/// instead of many small ones, which cost far more. Another goes beside it only where it takes long, as one does that waits for
/// a lock, for a slow disk or for a distant Postgres.
/// </summary>
/// <param name="limit">How many are under way at most, each on a connection of its own.</param>
/// <param name="timeout">A batch that has waited longer than this goes beside.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim whose wait handle is not used has nothing to dispose of.")]
internal sealed class Turns(int limit, TimeSpan timeout)
{
    private readonly SemaphoreSlim _first = new(1);
    private readonly SemaphoreSlim _beside = new(limit - 1);

    /// <summary>Waits for a turn; it is over when it is disposed.</summary>
    public async Task<IDisposable> TakeAsync()
    {
        while (true)
        {
            if (await _first.WaitAsync(timeout))
                return new Turn(_first);
            if (await _beside.WaitAsync(TimeSpan.Zero))
                return new Turn(_beside);
        }
    }

    private sealed class Turn(SemaphoreSlim taken) : IDisposable
    {
        public void Dispose() => taken.Release();
    }
}
