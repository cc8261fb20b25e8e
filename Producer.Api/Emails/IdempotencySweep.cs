using Persistence.Idempotency;
using ServiceDefaults.Periodic;

namespace Producer.Api.Emails;

/// <summary>Removes idempotency keys that have expired. Every instance sweeps; a row goes to one of them.</summary>
internal sealed class IdempotencySweep(IdempotencyStore store, TimeProvider timeProvider, ILogger<IdempotencySweep> logger)
    : PeriodicService("The sweep of idempotency keys", Interval, timeProvider, logger)
{
    private const int Batch = 1_000;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        while (await store.SweepAsync(Batch, cancellationToken) == Batch)
        {
            // There may be more.
        }
    }
}
