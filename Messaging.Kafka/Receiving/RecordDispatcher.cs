using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Runs the handler for the records that the poll thread hands over: at most so many at once, one at a time per key. A worker that
/// has ended a record takes the next itself, without asking anybody.
/// </summary>
internal sealed class RecordDispatcher(
    IRecordHandler handler, ConsumerSettings settings, Action<PartitionAssignment> progressed, TimeProvider time, KafkaRiderMetrics metrics, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly KeyScheduler<Delivery> _scheduler = new();
    private int _workers;

    /// <summary>Takes over a record that was admitted.</summary>
    public void Enqueue(Delivery delivery)
    {
        var key = handler.OrderingKey(delivery);
        lock (_lock)
        {
            _scheduler.Add(key, delivery);
            if (_workers == settings.Concurrency)
                return;
            _workers++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static dispatcher => _ = dispatcher.Work(), this, preferLocal: false);
    }

    private async Task Work()
    {
        int? key = null;
        for (var first = true;; first = false)
        {
            Delivery? delivery;
            lock (_lock)
            {
                if (!first)
                    _scheduler.Done(key);
                if (!_scheduler.TryTake(out key, out delivery))
                {
                    _workers--;
                    return;
                }
            }

            await Handle(delivery);
        }
    }

    private async Task Handle(Delivery delivery)
    {
        // What waited while its partition was taken away is the next owner's.
        if (!delivery.Assignment.TryBegin(delivery))
            return;

        var started = time.GetTimestamp();
        var ended = false;
        try
        {
            await handler.Handle(delivery);
            ended = true;
        }
        catch (OperationCanceledException)
        {
            // The assignment ended before the record did: its offset does not move, and the next owner reads it again.
        }
#pragma warning disable CA1031 // A handler's defect must neither end the worker nor move the offset; it shows in the log and as lag.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogCritical(e, "The record {TopicPartitionOffset} could neither be handled nor handed on; its partition does not move on", delivery.Result.TopicPartitionOffset);
        }
        finally
        {
            delivery.Assignment.Finish(delivery, ended);
            progressed(delivery.Assignment);
            metrics.Processed(delivery.Result.Topic, settings.Group, time.GetElapsedTime(started), ended);
        }
    }
}
