using Consumer.Worker.Scheduling;
using Persistence.Holds;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Holds;

/// <summary>
/// Reads the holds in force every second, and ends the wait of mails whose hold is over: they are due then, and <see cref="ScheduleSweep"/>
/// produces them. Mails under a hold that cancels it cancels. Every worker sweeps; a mail goes to one of them.
/// </summary>
internal sealed class HoldSweep(HoldStore store, KnownHolds holds, ScheduleSweep schedules, TimeProvider timeProvider, ILogger<HoldSweep> logger)
    : PeriodicService("The look at the holds", Interval, timeProvider, logger, LongestPause)
{
    private const int Batch = 500;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await holds.RefreshAsync(holds.Now, cancellationToken);
        foreach (var hold in await store.ListToSweepAsync(cancellationToken))
            await SweepAsync(hold, cancellationToken);
    }

    private async Task SweepAsync(HoldToSweep hold, CancellationToken cancellationToken)
    {
        var (swept, sum) = (Batch, 0);
        while (swept == Batch)
        {
            swept = await store.SweepAsync(hold, Batch, cancellationToken);
            sum += swept;
            if (swept > 0 && hold.Mode == HoldMode.Wait)
                schedules.OnStored(Time.GetUtcNow());
            await holds.RefreshAsync(holds.Now, cancellationToken);
        }

        if (sum > 0)
            logger.LogInformation("{Count} mails of hold {HoldId} {What}", sum, hold.Id, hold.Mode == HoldMode.Cancel ? "are canceled" : "go on");
    }
}
