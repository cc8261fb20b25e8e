using Microsoft.Extensions.Options;

namespace Consumer.Worker.Sending;

/// <summary>
/// How long the worker may still write down what it knows: until its handlers are canceled, <see cref="WorkerOptions.StopTimeout"/> after
/// it was asked to stop, and some seconds more, in which they write the replies that they have.
/// </summary>
internal sealed class WorkerShutdown : IDisposable
{
    // Less than what the host leaves the bus beyond the handlers' time.
    private static readonly TimeSpan WriteTime = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _begin;

    public WorkerShutdown(IHostApplicationLifetime lifetime, IOptions<WorkerOptions> options, TimeProvider timeProvider)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, timeProvider);
        _begin = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(options.Value.StopTimeout + WriteTime));
    }

    /// <summary>Canceled when the time is over.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _begin.Dispose();
        _over.Dispose();
    }
}
