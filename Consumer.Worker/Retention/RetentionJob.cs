using Microsoft.Extensions.Options;
using Persistence.Retention;

namespace Consumer.Worker.Retention;

/// <summary>
/// Removes what is older than <see cref="RetentionOptions"/> keep, in small transactions with pauses between them. Every worker runs it;
/// one at a time sweeps.
/// </summary>
internal sealed class RetentionJob(RetentionStore store, IOptions<RetentionOptions> options, TimeProvider time, ILogger<RetentionJob> logger) : BackgroundService
{
    // Room for those who send, and for autovacuum to keep up.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Removes all that is too old now.</summary>
    /// <returns>How many rows were removed.</returns>
    internal async Task<long> SweepAsync(CancellationToken cancellationToken)
    {
        var removed = 0L;
        foreach (var (what, keep) in Kept())
        {
            var horizon = time.GetUtcNow() - keep;
            var count = 0L;
            var from = default(DateTimeOffset);
            RemovedBatch? batch;
            while ((batch = await store.RemoveAsync(what, horizon, options.Value.BatchSize, from, cancellationToken)) is { Rows: > 0 })
            {
                count += batch.Rows;
                from = batch.Next;
                await Task.Delay(Pause, time, cancellationToken);
            }

            if (count > 0)
                logger.LogInformation("Retention removed {Count} rows ({What}) of before {Horizon}", count, what, horizon - RetentionStore.ClockMargin);
            removed += count;
            if (batch is null)
                break; // Another worker sweeps.
        }

        return removed;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!Kept().Any())
            return;
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            // Broad on purpose: whatever it was, sending mails matters more, and the next sweep tries again.
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Old rows could not be removed: {Error}; trying again in {Interval}", exception.Message, options.Value.SweepInterval);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private IEnumerable<(OldRows What, TimeSpan Keep)> Kept() =>
        new[] { (OldRows.Failures, options.Value.Failures), (OldRows.UnresolvedFailures, options.Value.UnresolvedFailures), (OldRows.Mails, options.Value.Mails) }
            .Where(kept => kept.Item2 is not null).Select(kept => (kept.Item1, kept.Item2!.Value));
}
