using MassTransit;

namespace Messaging.Kafka;

/// <summary>
/// Stops and starts the rider with its bus where MassTransit does not: its host stops riders once, and takes one that it has not stopped
/// for running. From the second stop on, the rider would stay a member of its groups, and a start after a failed one would do nothing.
/// </summary>
internal sealed class BusRestarts(KafkaRider rider) : IBusObserver
{
    /// <summary>How long a start may take that the bus does not wait for itself: as long as it waits for its own where nobody says.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public void PostCreate(IBus bus)
    {
    }

    /// <inheritdoc/>
    public void CreateFaulted(Exception exception)
    {
    }

    /// <inheritdoc/>
    public Task PreStart(IBus bus) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task PostStart(IBus bus, Task<BusReady> busReady)
    {
        if (!rider.IsRunning)
            await rider.Start(CancellationToken.None).Ready.WaitAsync(StartTimeout);
    }

    /// <inheritdoc/>
    public Task StartFaulted(IBus bus, Exception exception) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task PreStop(IBus bus) => rider.WasStoppedByHost ? rider.Stop(CancellationToken.None) : Task.CompletedTask;

    /// <inheritdoc/>
    public Task PostStop(IBus bus) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopFaulted(IBus bus, Exception exception) => Task.CompletedTask;
}
