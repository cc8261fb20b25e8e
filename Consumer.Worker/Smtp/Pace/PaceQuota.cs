using Persistence;
using Persistence.Pace;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// The quotas of all workers, in Postgres. While mails go quickly some are taken at once, so that not each of them costs a statement; those
/// that are not sent soon count as used. Asked by one mail at a time.
/// </summary>
/// <param name="store">Where they are.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="relay">The relay whose quotas they are.</param>
internal sealed class PaceQuota(QuotaStore store, TimeProvider timeProvider, string relay) : IPaceQuota
{
    private const int MostAtOnce = 100;
    // A worker has one of so many parts of a quota in hand at most.
    private const int Parts = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Dictionary<RateLimit, InHand> _inHand = [];

    /// <inheritdoc />
    public async ValueTask<TimeSpan> TakeAsync(RateLimit quota, CancellationToken cancellationToken)
    {
        var inHand = _inHand.GetValueOrDefault(quota) ?? new InHand(0, 0, timeProvider.GetTimestamp());
        // The half, as what is taken here still waits for the other rates.
        var isFresh = timeProvider.GetElapsedTime(inHand.Since) < QuotaStore.LongestInHand / 2;
        if (inHand.Left == 0 || !isFresh)
        {
            // Twice as many where the last ones went quickly.
            var wanted = isFresh && inHand.Left == 0 ? Math.Clamp(inHand.Taken * 2, 1, Math.Clamp(quota.Count / Parts, 1, MostAtOnce)) : 1;
            var since = timeProvider.GetTimestamp();
            var taken = await UseAsync(quota, wanted, cancellationToken);
            inHand = new InHand(taken, taken, since);
        }

        _inHand[quota] = inHand with { Left = Math.Max(inHand.Left - 1, 0) };
        return inHand.Left == 0 ? Pause : TimeSpan.Zero;
    }

    private async Task<int> UseAsync(RateLimit quota, int wanted, CancellationToken cancellationToken)
    {
        try
        {
            return await store.UseAsync(relay, quota.Window, quota.Count, wanted, cancellationToken);
        }
        // Until Postgres is there nothing is sent: what is used of the quota is not known.
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            return 0;
        }
    }

    /// <param name="Taken">How many were taken at once.</param>
    /// <param name="Left">How many of them are left.</param>
    /// <param name="Since">When.</param>
    private sealed record InHand(int Taken, int Left, long Since);
}
