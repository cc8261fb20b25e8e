using MassTransit;
using Messaging.Kafka.Failure;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>Gives the application its records as they are. One whose handler throws is tried again until it succeeds.</summary>
internal sealed class RawRecordHandler(Func<KafkaRecord, CancellationToken, Task> handle, PauseCircuits? circuits, TimeProvider timeProvider, ILogger logger) : IRecordHandler
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public int? OrderingKey(Delivery delivery) => delivery.KeyHash();

    /// <inheritdoc/>
    public DateTimeOffset? NotBefore(Delivery delivery) => null;

    /// <inheritdoc/>
    public async Task Handle(Delivery delivery)
    {
        var record = KafkaRecord.From(delivery.Result);
        using var canceled = new HandlerCancellation();
        delivery.CancelBy(canceled);
        try
        {
            for (var pause = FirstRetry; ; pause = Backoff.Next(pause, LastRetry))
            {
                if (circuits is not null)
                    await circuits.WaitUntilClosed(delivery.LaneName, delivery.Assignment.Draining);
                if (await TryHandle(record, delivery, canceled.Token))
                    return;
                await Task.Delay(pause, timeProvider, delivery.Assignment.Draining);
            }
        }
        finally
        {
            delivery.CancelBy(null);
        }
    }

    private async Task<bool> TryHandle(KafkaRecord record, Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            await handle(record, cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (circuits is not null && circuits.Concerns(exception, delivery.Pauses))
        {
            delivery.Pauses++;
            circuits.Open(exception);
            return false;
        }
        // No record is passed over: whatever its handler throws, it is tried again, and the log and the lag show it.
        catch (Exception exception)
        {
            logger.LogError(exception, "The record {TopicPartitionOffset} could not be handled and is tried again", delivery.Result.TopicPartitionOffset);
            return false;
        }
    }
}
