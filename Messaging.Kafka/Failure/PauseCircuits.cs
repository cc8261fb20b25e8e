using System.Collections.Concurrent;

namespace Messaging.Kafka.Failure;

/// <summary>The circuits before an endpoint's pipeline: one for all of its records, and one for each lane that was stopped alone.</summary>
/// <param name="settings">What opens them.</param>
/// <param name="create">Makes the circuit of a lane; null: of the whole endpoint.</param>
internal sealed class PauseCircuits(PauseSettings settings, Func<string?, PauseCircuit> create) : IDisposable
{
    private readonly PauseCircuit _whole = create(null);
    private readonly ConcurrentDictionary<string, Lazy<PauseCircuit>> _lanes = [];

    /// <summary>Those that are open, why and since when; the whole endpoint's has no lane.</summary>
    public IEnumerable<(string? Lane, Exception Reason, DateTimeOffset Since)> Opened
    {
        get
        {
            if (_whole.Opened is { } whole)
                yield return (null, whole.Reason, whole.Since);
            foreach (var (lane, circuit) in _lanes)
            {
                if (circuit.Value.Opened is { } opened)
                    yield return (lane, opened.Reason, opened.Since);
            }
        }
    }

    /// <inheritdoc cref="PauseCircuit.Concerns"/>
    public bool Concerns(Exception exception, int pauses) => _whole.Concerns(exception, pauses);

    /// <summary>Opens the circuit that an exception is about, where it is closed, and starts to probe.</summary>
    /// <returns>The lane that it stops; null: the whole endpoint.</returns>
    public string? Open(Exception reason)
    {
        var lane = settings.Lane(reason);
        Of(lane).Open(reason);
        return lane;
    }

    /// <summary>Waits until the endpoint's circuit is closed, and a lane's.</summary>
    public async ValueTask WaitUntilClosed(string? lane, CancellationToken cancellationToken)
    {
        await _whole.WaitUntilClosed(cancellationToken);
        if (lane is null || !_lanes.TryGetValue(lane, out var circuit))
            return;
        await circuit.Value.WaitUntilClosed(cancellationToken);
        // It may have been opened meanwhile, and no more than one after another is waited for.
        await _whole.WaitUntilClosed(cancellationToken);
    }

    /// <summary>Ends the probing.</summary>
    public void Dispose()
    {
        _whole.Dispose();
        foreach (var circuit in _lanes.Values)
            circuit.Value.Dispose();
    }

    private PauseCircuit Of(string? lane) =>
        lane is null ? _whole : _lanes.GetOrAdd(lane, static (name, create) => new Lazy<PauseCircuit>(() => create(name)), create).Value;
}
