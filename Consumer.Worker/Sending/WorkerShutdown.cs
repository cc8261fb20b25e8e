using Microsoft.Extensions.Options;

namespace Consumer.Worker.Sending;

/// <summary>How long the worker may still finish what it began: until <see cref="WorkerOptions.StopTimeout"/> after it was asked to stop.</summary>
internal sealed class WorkerShutdown : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _begin;

    public WorkerShutdown(IHostApplicationLifetime lifetime, IOptions<WorkerOptions> options, TimeProvider timeProvider)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, timeProvider);
        _begin = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(options.Value.StopTimeout));
    }

    /// <summary>Canceled when the time is over.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _begin.Dispose();
        _over.Dispose();
    }
}
