using System.Collections.Concurrent;

namespace Messaging.Kafka.Failure;

/// <summary>The circuits before an endpoint's pipeline: one for all of its records, and one for each lane that was stopped alone.</summary>
/// <param name="settings">What opens them.</param>
/// <param name="create">Makes the circuit of a lane; null: of the whole endpoint.</param>
internal sealed class PauseCircuits(PauseSettings settings, Func<string?, PauseCircuit> create)
{
    private readonly PauseCircuit _whole = create(null);
    private readonly ConcurrentDictionary<string, Lazy<PauseCircuit>> _lanes = [];
    private volatile bool _isStopped;

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

    /// <summary>All of them.</summary>
    public IEnumerable<PauseCircuit> All => _lanes.Values.Select(lane => lane.Value).Prepend(_whole);

    /// <inheritdoc cref="PauseCircuit.Concerns"/>
    public bool Concerns(Exception exception, int pauses) => _whole.Concerns(Reason(exception), pauses);

    /// <summary>Opens the circuit that an exception is about.</summary>
    /// <returns>What releases the delivery that met it, to wait.</returns>
    public DeliveryPausedException Pause(Exception exception) => new(Reason(exception), Open(Reason(exception)));

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

    /// <inheritdoc cref="PauseCircuit.Start"/>
    public void Start()
    {
        _isStopped = false;
        foreach (var circuit in All)
            circuit.Start();
    }

    /// <inheritdoc cref="PauseCircuit.Stop"/>
    public void Stop()
    {
        _isStopped = true;
        foreach (var circuit in All)
            circuit.Stop();
    }

    private static Exception Reason(Exception exception) => exception is AggregateException aggregate ? aggregate.GetBaseException() : exception;

    private PauseCircuit Of(string? lane)
    {
        if (lane is null)
            return _whole;
        var circuit = _lanes.GetOrAdd(lane, static (name, create) => new Lazy<PauseCircuit>(() => create(name)), create).Value;
        // One that is made while the rider stops is not among those that were stopped.
        if (_isStopped)
            circuit.Stop();
        return circuit;
    }
}
