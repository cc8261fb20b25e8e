using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Puts a record through MassTransit's receive pipe. Whatever fails there goes to a delay topic or to the dead-letter topic; what
/// cannot even go there, or waits for a dependency, is delivered again, in place.
/// </summary>
/// <param name="endpoint">The endpoint's context, with the pipe.</param>
/// <param name="read">Makes a receive context of a record.</param>
/// <param name="names">What records are called by that are for it alone; null: it takes what is redelivered to others, too.</param>
/// <param name="circuits">Its circuits, where it has some.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class MassTransitRecordHandler(
    KafkaReceiveEndpointContext endpoint, Func<Delivery, KafkaReceiveContext> read, PerTopic<EndpointName>? names, PauseCircuits? circuits, TimeProvider timeProvider, ILogger logger) : IRecordHandler
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly IReceivePipeDispatcher _dispatcher = endpoint.CreateReceivePipeDispatcher();

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
        // It was delivered to this group before another one failed at it, and is completed.
        if (names is not null && names.Of(delivery.Result.Topic).IsPassedOver(delivery.Result.Message.Headers))
            return;

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
                using var context = read(delivery);
                delivery.CancelBy(context);
                try
                {
                    await _dispatcher.Dispatch(context, RecordLock.Instance);
                }
                finally
                {
                    delivery.CancelBy(null);
                }

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
