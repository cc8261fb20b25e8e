using Consumer.Worker.Sending;
using Consumer.Worker.Smtp.Relays;
using Microsoft.Extensions.Options;
using Persistence.Workers;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// Shares <see cref="RelayOptions.Rate"/> among the workers whose lease lasts. A worker that is killed counts until its lease is over, and
/// one that joins others has no part until all of them have seen it: the rate is never exceeded for that, and not used in full for a moment.
/// What the mail server taught them by its replies they level: by those alone the one that was first keeps most of it.
/// </summary>
internal sealed class PaceShareService(
    SmtpRelays relays, WorkerStore workers, WorkerLease lease, IOptions<WorkerOptions> options, TimeProvider timeProvider, ILogger<PaceShareService> logger)
    : PeriodicService("Sharing the rate among the workers", Interval(options.Value), timeProvider, logger, longestPause: Interval(options.Value))
{
    // When this worker was counted for the first time in a term of its lease: in an earlier one the others may have counted without it.
    private (int Term, long At)? _counted;
    private int _said;

    /// <summary>How often the workers are counted.</summary>
    internal static TimeSpan Interval(WorkerOptions options) => options.Lease / 6 < TimeSpan.FromSeconds(5) ? options.Lease / 6 : TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!relays.All.Any(relay => relay.Pace.IsShared || relay.Pace.IsLearned))
            return;
        try
        {
            if (!lease.IsHeld)
                await lease.RenewAsync(lease.Renewals, cancellationToken);
            var term = lease.Term;
            var others = await workers.FindOthersAsync(lease.WorkerId, cancellationToken);
            foreach (var relay in relays.All)
                relay.Pace.Level([.. others.Where(other => (other.Relay ?? relay.Name) == relay.Name)]);
            Set(Workers(others.DistinctBy(other => other.Id).Count(), term));
        }
        catch
        {
            // Who cannot count the others may be more of them by now; without Postgres nothing is sent anyway.
            Share(0);
            throw;
        }
    }

    /// <summary>How many share the rate; 0 as long as not all of them know of this one.</summary>
    private int Workers(int others, int term)
    {
        if (_counted?.Term != term)
            _counted = (term, Time.GetTimestamp());
        // Two of their intervals: within the first each of them counts this worker, within the second it acts by that.
        var isSeen = others == 0 || Time.GetElapsedTime(_counted.Value.At) >= Interval(options.Value) * 2.5;
        return isSeen && lease.IsHeldSince(term) ? others + 1 : 0;
    }

    private void Set(int workers)
    {
        Share(workers);
        if (workers != _said && workers > 0 && relays.All.Any(relay => relay.Pace.IsShared))
            logger.LogInformation("Smtp:Rate is shared by {Workers} workers", workers);
        _said = workers;
    }

    private void Share(int workers)
    {
        foreach (var relay in relays.All)
            relay.Pace.Share(workers);
    }
}
