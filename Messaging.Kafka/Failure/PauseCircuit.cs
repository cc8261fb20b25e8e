using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Failure;

/// <summary>
/// The circuit breaker before an endpoint's pipeline. An unavailable dependency opens it; deliveries wait before it with their offsets
/// unmoved; a probe that succeeds closes it.
/// </summary>
/// <param name="settings">When it opens and how it probes.</param>
/// <param name="name">The endpoint's name, for the log.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="opened">Told each time that it opens.</param>
/// <param name="logger">The log.</param>
internal sealed class PauseCircuit(PauseSettings settings, string name, TimeProvider timeProvider, Action opened, ILogger logger)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _stopped = new();
    private TaskCompletionSource? _open;

    /// <summary>Why and since when the circuit is open; null while it is closed.</summary>
    public (Exception Reason, DateTimeOffset Since)? Opened { get; private set; }

    /// <summary>Whether an exception is a dependency's failure, and a message that met it this often may wait for it.</summary>
    public bool Concerns(Exception exception, int pauses) => settings.When!(exception) && pauses < settings.MaxPausesPerMessage;

    /// <summary>Waits until the circuit is closed.</summary>
    public ValueTask WaitUntilClosed(CancellationToken cancellationToken)
    {
        var open = Volatile.Read(ref _open);
        return open is null ? default : new ValueTask(open.Task.WaitAsync(cancellationToken));
    }

    /// <summary>Closes the circuit for a rider that starts: what a stop has left open was another life's.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _stopped = new CancellationTokenSource();
            Opened = null;
            Volatile.Write(ref _open, null);
        }
    }

    /// <summary>
    /// Ends the probing. What waits, and what meets the dependency yet, waits on until its assignment ends: let through, it would meet it
    /// again and again, and be a dead letter for it.
    /// </summary>
    public void Stop()
    {
        lock (_lock)
            Opened = null;
        _stopped.Cancel();
    }

    /// <summary>Opens the circuit, where it is closed, and starts to probe.</summary>
    public void Open(Exception reason)
    {
        TaskCompletionSource open;
        CancellationToken stopped;
        lock (_lock)
        {
            if (_open is not null)
                return;
            open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _open, open);
            stopped = _stopped.Token;
            if (stopped.IsCancellationRequested)
                return;
            Opened = (reason, timeProvider.GetUtcNow());
        }

        logger.LogWarning(reason, "{Endpoint} pauses until its dependency is available: {Reason}", name, reason.Message);
        opened();
        _ = ProbeUntilAvailable(open, reason, stopped);
    }

    private async Task ProbeUntilAvailable(TaskCompletionSource open, Exception reason, CancellationToken stopped)
    {
        var pause = settings.FirstInterval;
        while (true)
        {
            try
            {
                await Task.Delay(pause, timeProvider, stopped);
                await settings.Probe!(reason, stopped);
                break;
            }
            catch (OperationCanceledException) when (stopped.IsCancellationRequested)
            {
                return;
            }
            // Whatever a probe throws means that the dependency is not available yet.
            catch (Exception exception)
            {
                pause = Backoff.Next(pause, settings.LastInterval);
                logger.LogWarning("{Endpoint} is still paused, the next probe is in {Pause}: {Reason}", name, pause, exception.Message);
            }
        }

        lock (_lock)
        {
            // A rider that was started again meanwhile has forgotten this opening.
            if (!ReferenceEquals(_open, open))
                return;
            Opened = null;
            Volatile.Write(ref _open, null);
        }

        logger.LogInformation("{Endpoint} goes on: its dependency is available", name);
        open.SetResult();
    }
}
