using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Stands before an endpoint's pipeline. A dependency unavailable failure closes it; deliveries wait before it with their offsets unmoved; it opens
/// when the probe goes well.
/// </summary>
/// <param name="settings">When it closes and how it probes.</param>
/// <param name="name">The endpoint's name, for the log.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="closed">Told each time that it closes.</param>
/// <param name="logger">The log.</param>
internal sealed class PauseCircuit(PauseSettings settings, string name, TimeProvider timeProvider, Action closed, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopped = new();
    private TaskCompletionSource? _closed;

    /// <summary>Why and since when the circuit is closed; null while it is open.</summary>
    public (Exception Reason, DateTimeOffset Since)? Closed { get; private set; }

    /// <summary>Whether an exception is a dependency's failure, and a message that met it this often may wait for it.</summary>
    public bool Concerns(Exception exception, int pauses) => settings.When!(exception) && pauses < settings.MaxPausesPerMessage;

    /// <summary>Waits until the circuit is open.</summary>
    public ValueTask WaitUntilOpen(CancellationToken cancellationToken)
    {
        var opens = Volatile.Read(ref _closed);
        return opens is null ? default : new ValueTask(opens.Task.WaitAsync(cancellationToken));
    }

    /// <summary>Closes the circuit, where it is open, and starts to probe.</summary>
    public void Close(Exception reason)
    {
        TaskCompletionSource opens;
        lock (_lock)
        {
            if (_closed is not null || _stopped.IsCancellationRequested)
                return;
            opens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Closed = (reason, timeProvider.GetUtcNow());
            Volatile.Write(ref _closed, opens);
        }

        logger.LogWarning(reason, "{Endpoint} pauses until its dependency is well: {Reason}", name, reason.Message);
        closed();
        _ = ProbeUntilWell(opens, reason);
    }

    /// <summary>Ends the probing.</summary>
    public void Dispose() => _stopped.Cancel();

    private async Task ProbeUntilWell(TaskCompletionSource opens, Exception reason)
    {
        var pause = settings.FirstInterval;
        while (true)
        {
            try
            {
                await Task.Delay(pause, timeProvider, _stopped.Token);
                await settings.Probe!(reason, _stopped.Token);
                break;
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever a probe throws means that the dependency is not well yet.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                pause = Backoff.Next(pause, settings.LastInterval);
                logger.LogWarning("{Endpoint} is still paused, the next probe is in {Pause}: {Reason}", name, pause, exception.Message);
            }
        }

        lock (_lock)
        {
            Closed = null;
            Volatile.Write(ref _closed, null);
        }

        logger.LogInformation("{Endpoint} goes on: its dependency is well", name);
        opens.SetResult();
    }
}
