using MassTransit.Transports;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Puts a record through MassTransit's receive pipe. Whatever fails there goes to a delay topic or to the dead-letter topic; what
/// cannot even go there, or waits for a dependency, is delivered again, in place.
/// </summary>
internal sealed class MassTransitRecordHandler(
    KafkaReceiveEndpointContext endpoint, string topic, RecordFormat format, PauseCircuits? circuits, TimeProvider timeProvider, ILogger logger) : IRecordHandler
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly IReceivePipeDispatcher _dispatcher = endpoint.CreateReceivePipeDispatcher();
    private readonly Uri _address = TopicAddress.Of(topic);

    /// <summary>The endpoint, with the pipe that its records go through.</summary>
    public ReceiveEndpointContext Endpoint => endpoint;

    /// <summary>What MassTransit's health wants to know.</summary>
    public DeliveryMetrics Metrics => _dispatcher.GetMetrics();

    /// <inheritdoc/>
    public int? OrderingKey(Delivery delivery) => delivery.KeyHash();

    /// <inheritdoc/>
    public DateTimeOffset? NotBefore(Delivery delivery) => null;

    /// <inheritdoc/>
    public async Task Handle(Delivery delivery)
    {
        // It waits for its lane, and for the one that it has met closed itself, where that is another.
        var met = delivery.LaneName;
        for (var retry = FirstRetry; ; retry = Backoff.Next(retry, LastRetry))
        {
            if (circuits is not null)
            {
                await circuits.WaitUntilClosed(delivery.LaneName, delivery.Assignment.Draining);
                if (met != delivery.LaneName)
                    await circuits.WaitUntilClosed(met, delivery.Assignment.Draining);
            }

            try
            {
                await Dispatch(delivery);
                return;
            }
            catch (DeliveryPausedException paused)
            {
                delivery.Pauses++;
                met = paused.Lane ?? delivery.LaneName;
                retry = FirstRetry;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !IsOver(delivery))
            {
                // What becomes of a failure failed itself, such as a filter that the application put behind the dead-letter transport.
                logger.LogError(exception, "The record {TopicPartitionOffset} failed, and so did what becomes of it; it is delivered again in {Pause}", delivery.Result.TopicPartitionOffset, retry);
                await Task.Delay(retry, timeProvider, delivery.Assignment.Draining);
            }
        }
    }

    private async Task Dispatch(Delivery delivery)
    {
        using var context = new KafkaReceiveContext(delivery, endpoint, _address, format);
        delivery.CancelBy(context);
        try
        {
            await _dispatcher.Dispatch(context, RecordLock.Instance);
        }
        finally
        {
            delivery.CancelBy(null);
        }
    }

    private static bool IsOver(Delivery delivery) => delivery.IsCanceled || delivery.Assignment.Draining.IsCancellationRequested;

    /// <summary>Whether a record is completed is told by how its dispatch returns, so that the offset moves in one place alone.</summary>
    private sealed class RecordLock : ReceiveLockContext
    {
        public static readonly RecordLock Instance = new();

        public Task Complete() => Task.CompletedTask;

        public Task Faulted(Exception exception) => Task.CompletedTask;

        public Task ValidateLockStatus() => Task.CompletedTask;
    }
}
