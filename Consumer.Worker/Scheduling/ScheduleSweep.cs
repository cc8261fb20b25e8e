using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Deliveries;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Produces copies of scheduled mails that are missing: the record was committed away before its copy was produced, or the copy was
/// lost with its delay topic. One that is only late is produced needlessly, and dropped by the claim.
/// </summary>
internal sealed class ScheduleSweep(
    ScheduleStore store, ScheduledCopies copies, IOptions<ScheduleOptions> options, TimeProvider time, ILogger<ScheduleSweep> logger) : BackgroundService
{
    private const int Batch = 100;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TrySweepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The worker stops; what is missing is found by the next sweep, here or elsewhere.
        }
    }

    private async Task TrySweepAsync(CancellationToken stopping)
    {
        try
        {
            foreach (var missing in await store.TakeMissingAsync(options.Value.Patience, Batch, stopping))
            {
                logger.LogWarning("The copy of scheduled mail {MailId}, due {Due}, is missing or late and is produced again", missing.MailId, missing.Record.Due);
                await copies.ProduceAsync(missing.Identity, missing.Record, stopping);
            }
        }
        catch (Exception fault) when (PostgresErrors.IsUnavailable(fault))
        {
            logger.LogDebug("Missing copies of scheduled mails were not looked for, since Postgres does not answer: {Reason}", fault.Message);
        }
        // Broad, because an exception would end the sweep, and with it the worker, over one mail.
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            logger.LogError(fault, "The sweep of scheduled mails failed; it is tried again in {Interval}", options.Value.SweepInterval);
        }
    }
}
