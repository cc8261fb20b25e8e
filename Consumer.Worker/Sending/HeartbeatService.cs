using Microsoft.Extensions.Options;

namespace Consumer.Worker.Sending;

/// <summary>
/// Renews the worker's lease every third of it, letting go each time what is held without need, and ends it when the worker stops.
/// Registered before the bus, so that it stops after it: the lease lasts while mails are still being finished.
/// </summary>
internal sealed class HeartbeatService(
    WorkerLease lease, AbandonedClaims abandoned, IOptions<WorkerOptions> options, TimeProvider timeProvider, ILogger<HeartbeatService> logger) : BackgroundService
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            using var timeout = new CancellationTokenSource(EndTimeout, timeProvider);
            await lease.EndAsync(timeout.Token);
        }
        // Broad on purpose: the lease ends by itself too, only later; a stop must not fail for it.
        catch (Exception exception)
        {
            logger.LogWarning("The worker's lease could not be ended ({Error}); it runs out by itself within {Lease}", exception.Message, options.Value.Lease);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Lease / 3, timeProvider);
        do
        {
            try
            {
                await lease.RenewAsync(stoppingToken);
                await abandoned.LetGoAsync(stoppingToken);
            }
            // Broad on purpose: Postgres may be away for a while; claims say so themselves, and the next beat tries again.
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("The worker's heartbeat failed, the next one tries again: {Error}", exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
