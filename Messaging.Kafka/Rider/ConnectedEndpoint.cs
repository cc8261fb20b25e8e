using MassTransit;

namespace Messaging.Kafka;

/// <summary>An endpoint that was connected at run time, with what brings its delayed records back, and how its start goes.</summary>
/// <param name="parts">The endpoint, and what brings its delayed records back.</param>
/// <param name="provisioner">Creates its topics.</param>
/// <param name="stop">Stops and removes it.</param>
internal sealed class ConnectedEndpoint(IReadOnlyList<KafkaEndpoint> parts, TopicProvisioner provisioner, Func<ConnectedEndpoint, CancellationToken, Task> stop)
    : HostReceiveEndpointHandle
{
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource<ReceiveEndpointReady> _ready = NewReady();
    private Task _start = Task.CompletedTask;

    /// <inheritdoc/>
    public IReceiveEndpoint ReceiveEndpoint => parts[0].ReceiveEndpoint!;

    /// <inheritdoc/>
    public Task<ReceiveEndpointReady> Ready => _ready.Task;

    /// <summary>The endpoint, and what brings its delayed records back.</summary>
    public IReadOnlyList<KafkaEndpoint> Parts => parts;

    /// <inheritdoc cref="TopicProvisioner"/>
    public TopicProvisioner Provisioner => provisioner;

    /// <summary>Canceled when it is stopped.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Its end, once somebody has asked for it. The rider's own, under its lock.</summary>
    public Task? Stopped { get; set; }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken = default) => stop(this, cancellationToken);

    /// <summary>Takes over how a start goes: its own, or that of the bus, which may not be its first.</summary>
    public void Follow(Task<ReceiveEndpointReady> start)
    {
        if (_ready.Task.IsCompleted)
            _ready = NewReady();
        _start = Tell(start, _ready);
    }

    /// <summary>Gives up a start that is under way, and waits until it has ended.</summary>
    public async Task EndStart()
    {
        await _stopping.CancelAsync();
        await _start;
        _ready.TrySetCanceled(CancellationToken.None);
    }

    private static TaskCompletionSource<ReceiveEndpointReady> NewReady() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task Tell(Task<ReceiveEndpointReady> start, TaskCompletionSource<ReceiveEndpointReady> ready)
    {
        await ((Task)start).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ready.TrySetFromTask(start);
    }
}
