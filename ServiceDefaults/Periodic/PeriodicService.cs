using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Persistence;

namespace ServiceDefaults.Periodic;

/// <summary>
/// Does something when the service starts and again after each interval. A failure never ends it: it is logged, though not each time
/// that it repeats, and what fails again and again is tried less often.
/// </summary>
/// <param name="what">What is done, for the log: "the sweep of old rows".</param>
/// <param name="interval">The time from the beginning of one run to that of the next.</param>
/// <param name="timeProvider">The clock of the interval.</param>
/// <param name="logger">Where failures go.</param>
/// <param name="longestPause">What the interval grows to at most while runs fail. Default: 30 seconds, or the interval where that is longer.</param>
public abstract class PeriodicService(string what, TimeSpan interval, TimeProvider timeProvider, ILogger logger, TimeSpan? longestPause = null) : BackgroundService
{
    private static readonly TimeSpan DefaultLongestPause = TimeSpan.FromSeconds(30);

    private readonly TimeSpan _longestPause = longestPause ?? (interval > DefaultLongestPause ? interval : DefaultLongestPause);
    private readonly FailureStreak _failures = new();
    private readonly SemaphoreSlim _woken = new(0, 1);

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = timeProvider;

    /// <summary>Ends the wait for the next run; where none is under way, the next. After a failure the whole pause is waited for all the same.</summary>
    public void Wake()
    {
        try
        {
            _woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is woken already.
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _woken.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Does it once.</summary>
    /// <param name="cancellationToken">The service stops; what is left is for the next run, here or elsewhere.</param>
    protected abstract Task RunOnceAsync(CancellationToken cancellationToken);

    /// <summary>Waits for the next run, after one that succeeded, until it is time or <see cref="Wake"/> is called.</summary>
    /// <param name="pause">What is left of the interval.</param>
    /// <param name="cancellationToken">The service stops.</param>
    protected virtual async Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        // Whoever disposes it has canceled it before: a run that ends only then must not meet what is disposed.
        cancellationToken.ThrowIfCancellationRequested();
        using var timeout = new CancellationTokenSource(pause, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _woken.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It is time.
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var start = Time.GetTimestamp();
            await TryRunAsync(stoppingToken);
            var pause = _failures.Pause(interval, _longestPause) - Time.GetElapsedTime(start);
            pause = pause > TimeSpan.Zero ? pause : TimeSpan.Zero;
            await (_failures.Count > 0 ? Task.Delay(pause, Time, stoppingToken) : WaitAsync(pause, stoppingToken));
        }
    }

    private async Task TryRunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnceAsync(stoppingToken);
            if (_failures.Count > 0)
                logger.LogInformation("{What} works again after {Failures} failures", what, _failures.Count);
            _failures.Clear();
        }
        // Broad, because an exception would end the service's periodic work, and with it the service, over one row.
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            if (_failures.Add(exception))
                Log(exception);
        }
    }

    /// <summary>A Postgres that is away is told in a line; anything else is unexpected and comes with its stack.</summary>
    private void Log(Exception exception)
    {
        var pause = _failures.Pause(interval, _longestPause);
        if (PostgresErrors.IsUnavailable(exception))
            logger.LogWarning("{What} failed, since Postgres is unavailable ({Failures} in a row); trying again in {Pause}: {Reason}", what, _failures.Count, pause, PostgresErrors.Explain(exception));
        else
            logger.LogError(exception, "{What} failed ({Failures} in a row); trying again in {Pause}", what, _failures.Count, pause);
    }
}
