using Microsoft.Extensions.Options;
using Persistence.Mails;
using ServiceDefaults.Database;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Produces copies of scheduled mails that are missing: the record was committed away before its copy was produced, or the copy was
/// lost with its delay topic. One that is only late is produced needlessly, and dropped by the claim.
/// </summary>
internal sealed class ScheduleSweep(
    ScheduleStore store, ScheduledCopies copies, ClusterGuard cluster, IOptions<ScheduleOptions> options, TimeProvider timeProvider, ILogger<ScheduleSweep> logger)
    : PeriodicService("The sweep of scheduled mails", options.Value.SweepInterval, timeProvider, logger)
{
    private const int Batch = 100;

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await cluster.MaySendAsync(cancellationToken))
            return;
        foreach (var missing in await store.ClaimMissingAsync(options.Value.OverdueAfter, Batch, cancellationToken))
        {
            logger.LogWarning("The copy of scheduled mail {MailId}, due {Due}, is missing or late and is produced again", missing.MailId, missing.Record.Due);
            await copies.ProduceAsync(missing.Identity, missing.Record, cancellationToken);
        }
    }
}
