using Microsoft.Extensions.Options;
using Persistence.Workers;

namespace Consumer.Worker.Sending;

/// <summary>
/// This process as a worker in the database, and its lease: as long as it lasts no other worker takes a mail that this one is
/// sending. By this process' own clock the lease ends no later than by that of Postgres, since it is counted from before the
/// call.
/// </summary>
internal sealed class WorkerLease(WorkerStore workers, IOptions<WorkerOptions> options, TimeProvider timeProvider, ILogger<WorkerLease> logger) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private long _renewedAt;
    private int _term;
    private Guid? _id;

    /// <summary>The worker's id; one that has not registered yet has an empty one, which claims nothing.</summary>
    public Guid WorkerId => _id ?? Guid.Empty;

    /// <summary>Whether the lease surely lasts.</summary>
    public bool IsHeld => _id is not null && timeProvider.GetElapsedTime(Volatile.Read(ref _renewedAt)) < options.Value.Lease;

    /// <summary>Grows each time that the lease had run out before it was renewed: what was claimed in an earlier term may be another worker's by now.</summary>
    public int Term => Volatile.Read(ref _term);

    /// <summary>Whether the lease surely lasts, and has lasted without a gap since a term.</summary>
    public bool IsHeldSince(int term) => IsHeld && Term == term;

    /// <summary>Registers this worker where it is not, else renews its lease.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var before = timeProvider.GetTimestamp();
            var found = _id is { } id ? await HeartbeatAsync(id, cancellationToken) : Heartbeat.Unknown;
            // Before the lease counts as held again: a process that was frozen renews first, and would take the mails that it had
            // claimed before for its own.
            if (_id is not null && found != Heartbeat.Unbroken)
                Interlocked.Increment(ref _term);
            if (found == Heartbeat.Unknown)
            {
                _id = await workers.RegisterAsync($"{Environment.MachineName}:{Environment.ProcessId}", options.Value.Lease, cancellationToken);
                logger.LogInformation("Registered as worker {WorkerId}, lease {Lease}", _id, options.Value.Lease);
            }

            Volatile.Write(ref _renewedAt, before);
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
        var heartbeat = await workers.HeartbeatAsync(id, options.Value.Lease, cancellationToken);
        if (heartbeat == Heartbeat.Lapsed)
            logger.LogWarning("The lease of worker {WorkerId} had run out; mails that it was sending may have been taken over. Did the process, the machine or Postgres stall?", id);
        return heartbeat;
    }
}
