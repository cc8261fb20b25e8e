using Consumer.Worker.Smtp.Relays;
using Microsoft.Extensions.Options;
using Persistence.Workers;

namespace Consumer.Worker.Sending;

/// <summary>
/// This process as a worker in the database, and its lease: as long as it lasts no other worker takes a mail that this one is
/// sending. By this process' own clocks the lease ends no later than by that of Postgres, since it is counted from before the
/// call. Both of them count, whichever says later: the monotonic one stands still while a machine is suspended, and the other may be set back.
/// </summary>
internal sealed class WorkerLease(WorkerStore workers, MailPause pause, IOptions<WorkerOptions> options, TimeProvider timeProvider, ILogger<WorkerLease> logger, SmtpRelays? relays = null) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private volatile Renewal? _last;
    private int _term;
    private Guid? _id;

    /// <summary>The worker's id; one that has not registered yet has an empty one, which claims nothing.</summary>
    public Guid WorkerId => _id ?? Guid.Empty;

    /// <summary>Whether the lease surely lasts.</summary>
    public bool IsHeld => _last is { } last && last.Age(timeProvider) < options.Value.Lease;

    /// <summary>How often the lease was renewed.</summary>
    public int Renewals => _last?.Number ?? 0;

    /// <summary>Grows each time that the lease had run out before it was renewed: what was claimed in an earlier term may be another worker's by now.</summary>
    public int Term => Volatile.Read(ref _term);

    /// <summary>Whether the lease surely lasts, and has lasted without a gap since a term.</summary>
    public bool IsHeldSince(int term) => IsHeld && Term == term;

    /// <summary>Registers this worker where it is not, else renews its lease.</summary>
    public Task RenewAsync(CancellationToken cancellationToken) => RenewAsync(seen: null, cancellationToken);

    /// <summary>As the other, unless somebody has renewed it meanwhile: of many that find no lease at once, one renews it.</summary>
    /// <param name="seen"><see cref="Renewals"/> when the lease was found to be over; null: in any case.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RenewAsync(int? seen, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (seen is { } number && number != Renewals)
                return;
            var before = new Renewal(timeProvider.GetTimestamp(), timeProvider.GetUtcNow(), Renewals + 1);
            // What a heartbeat before found is not to be relied on: where its result was lost, the lease that it renewed looks unbroken.
            var ranOut = !IsHeld;
            var found = _id is { } id ? await HeartbeatAsync(id, cancellationToken) : Heartbeat.Unknown;
            // Before the lease counts as held again: a process that was frozen renews first, and would take the mails that it had
            // claimed before for its own.
            if (_id is not null && (ranOut || found != Heartbeat.Unbroken))
                Interlocked.Increment(ref _term);
            if (found == Heartbeat.Unknown)
            {
                _id = await workers.RegisterAsync($"{Environment.MachineName}:{Environment.ProcessId}", options.Value.Lease, cancellationToken);
                logger.LogInformation("Registered as worker {WorkerId}, lease {Lease}", _id, options.Value.Lease);
            }

            _last = before;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends the lease: mails that this worker could not finish are free at once.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_id is { } id)
            await workers.StopAsync(id, cancellationToken);
    }

    public void Dispose() => _turn.Dispose();

    private async Task<Heartbeat> HeartbeatAsync(Guid id, CancellationToken cancellationToken)
    {
        var heartbeat = await workers.HeartbeatAsync(id, options.Value.Lease, pause.Now, relays?.Report, cancellationToken);
        if (heartbeat == Heartbeat.Lapsed)
            logger.LogWarning("The lease of worker {WorkerId} had run out; mails that it was sending may have been taken over. Did the process, the machine or Postgres stall?", id);
        return heartbeat;
    }

    /// <summary>A renewal, by both clocks from before the call.</summary>
    private sealed record Renewal(long Timestamp, DateTimeOffset Time, int Number)
    {
        public TimeSpan Age(TimeProvider timeProvider)
        {
            var (monotonic, wall) = (timeProvider.GetElapsedTime(Timestamp), timeProvider.GetUtcNow() - Time);
            return monotonic > wall ? monotonic : wall;
        }
    }
}
