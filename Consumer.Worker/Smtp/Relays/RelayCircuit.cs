using ServiceDefaults.Periodic;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>
/// Whether a relay of several is unavailable: the first mail that finds it so opens the circuit, and a probe that succeeds closes it. No
/// mail is begun by the relay meanwhile; those that may go by another one do.
/// </summary>
/// <param name="probe">Asks the relay.</param>
/// <param name="title">What the relay is called in the log.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class RelayCircuit(ISmtpProbe probe, string title, TimeProvider timeProvider, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopped = new();
    private TaskCompletionSource? _open;

    /// <summary>Whether no mail is to be begun.</summary>
    public bool IsOpen => Volatile.Read(ref _open) is not null;

    /// <summary>Completes once it is closed.</summary>
    public Task Closed => Volatile.Read(ref _open)?.Task ?? Task.CompletedTask;

    /// <summary>Opens it, where it is closed, and starts to probe.</summary>
    /// <param name="reason">Why, for people.</param>
    public void Open(string reason)
    {
        TaskCompletionSource open;
        lock (_lock)
        {
            if (_open is not null || _stopped.IsCancellationRequested)
                return;
            open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _open, open);
        }

        logger.LogWarning("No mail is begun by {Relay} until it is available: {Reason}", title, reason);
        _ = ProbeUntilAvailableAsync(open);
    }

    /// <summary>Ends the probing.</summary>
    public void Dispose() => _stopped.Cancel();

    private async Task ProbeUntilAvailableAsync(TaskCompletionSource open)
    {
        for (var pause = FirstPause; ; pause = Backoff.Next(pause, LongestPause))
        {
            try
            {
                await Task.Delay(pause, timeProvider, _stopped.Token);
                await probe.ProbeAsync(_stopped.Token);
                break;
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                return;
            }
            // Broad on purpose: whatever a probe throws means that the relay is not available yet.
            catch (Exception exception)
            {
                logger.LogWarning("{Relay} is still unavailable: {Reason}", title, exception.Message);
            }
        }

        Volatile.Write(ref _open, null);
        logger.LogInformation("Mails go by {Relay} again: it is available", title);
        open.SetResult();
    }
}
