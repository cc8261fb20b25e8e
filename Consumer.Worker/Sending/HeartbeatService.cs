using Microsoft.Extensions.Options;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Sending;

/// <summary>
/// Renews the worker's lease every third of it, leaving each time the mails of claims whose result was lost, and ends it when the worker
/// stops. Registered before the bus, so that it stops after it: the lease lasts while mails are still being finished. It never slows
/// down while it fails, for the lease runs out meanwhile.
/// </summary>
internal sealed class HeartbeatService(
    WorkerLease lease, LostClaims lost, IOptions<WorkerOptions> options, TimeProvider timeProvider, ILogger<HeartbeatService> logger)
    : PeriodicService("The worker's heartbeat", options.Value.Lease / 3, timeProvider, logger, longestPause: options.Value.Lease / 3)
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            using var timeout = new CancellationTokenSource(EndTimeout, Time);
            await lease.EndAsync(timeout.Token);
        }
        // Broad on purpose: the lease ends by itself too, only later; a stop must not fail for it.
        catch (Exception exception)
        {
            logger.LogWarning("The worker's lease could not be ended ({Error}); it runs out by itself within {Lease}", exception.Message, options.Value.Lease);
        }
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await lease.RenewAsync(cancellationToken);
        await lost.LeaveAsync(cancellationToken);
    }
}
