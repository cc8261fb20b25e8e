using Microsoft.Extensions.Options;
using Persistence.Failures;
using Producer.Api.Configuration;
using ServiceDefaults.Database;
using ServiceDefaults.Periodic;

namespace Producer.Api.Failures;

/// <summary>Finishes replays that were asked for and not produced: by an instance that crashed, or while Kafka was away.</summary>
internal sealed class ReplaySweep(
    IServiceScopeFactory scopes, FailureStore failures, ClusterGuard cluster, IOptions<ApiOptions> options, TimeProvider timeProvider, ILogger<ReplaySweep> logger)
    : PeriodicService("The sweep of pending replays", options.Value.ReplaySweepInterval, timeProvider, logger)
{
    private const int Batch = 100;

    // Long enough that what another request is producing at this moment has completed one way or the other.
    private TimeSpan Timeout => options.Value.AcceptTimeout * 2;

    /// <summary>Produces what is pending; false where one could not be produced.</summary>
    internal async Task<bool> SweepAsync(TimeSpan olderThan, CancellationToken cancellationToken)
    {
        var pending = await failures.ClaimPendingReplaysAsync(olderThan, Batch, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        var replays = scope.ServiceProvider.GetRequiredService<Replays>();
        foreach (var replay in pending)
        {
            // The next would fail the same way; all of them are tried again once their timeout is over.
            if (!await replays.TryFinishAsync(replay, cancellationToken))
                return false;
        }

        return true;
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await cluster.MaySendAsync(cancellationToken))
            await SweepAsync(Timeout, cancellationToken);
    }
}
