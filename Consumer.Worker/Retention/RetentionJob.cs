using Microsoft.Extensions.Options;
using Persistence.Retention;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Retention;

/// <summary>
/// Removes workers that ended, and what is older than <see cref="RetentionOptions"/> say, in small transactions with pauses between them. Every worker runs it;
/// one at a time sweeps.
/// </summary>
internal sealed class RetentionJob(RetentionStore store, IOptions<RetentionOptions> options, TimeProvider timeProvider, ILogger<RetentionJob> logger)
    : PeriodicService("The sweep of old rows", options.Value.SweepInterval, timeProvider, logger)
{
    // Room for those who send, and for autovacuum to keep up.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // Each start of a worker leaves a row, which every claim reads; long enough to look into what went on last week.
    private static readonly TimeSpan EndedWorkers = TimeSpan.FromDays(7);

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await RepeatAsync(limit => store.RemoveWorkersAsync(EndedWorkers, limit, cancellationToken), cancellationToken);

        foreach (var (what, period) in Periods())
        {
            var horizon = Time.GetUtcNow() - period;
            var count = 0L;
            var from = default(DateTimeOffset);
            RemovedBatch? batch;
            while ((batch = await store.RemoveAsync(what, horizon, options.Value.BatchSize, from, cancellationToken)) is { Rows: > 0 })
            {
                count += batch.Rows;
                from = batch.Next;
                await Task.Delay(Pause, Time, cancellationToken);
            }

            if (count > 0)
                logger.LogInformation("Retention removed {Count} rows ({What}) of before {Horizon}", count, what, horizon - RetentionStore.ClockMargin);
            if (batch is null)
                break; // Another worker sweeps.
        }

        if (options.Value.Failures is { } stored)
        {
            var horizon = Time.GetUtcNow() - stored;
            await RepeatAsync(limit => store.RemoveOperationItemsAsync(horizon, limit, cancellationToken), cancellationToken);
        }
    }

    private async Task RepeatAsync(Func<int, Task<int>> removeAsync, CancellationToken cancellationToken)
    {
        while (await removeAsync(options.Value.BatchSize) == options.Value.BatchSize)
            await Task.Delay(Pause, Time, cancellationToken);
    }

    private IEnumerable<(OldRows What, TimeSpan Period)> Periods() =>
        new[] { (OldRows.Failures, options.Value.Failures), (OldRows.UnresolvedFailures, options.Value.UnresolvedFailures), (OldRows.Mails, options.Value.Mails) }
            .Where(rows => rows.Item2 is not null).Select(rows => (rows.Item1, rows.Item2!.Value));
}
