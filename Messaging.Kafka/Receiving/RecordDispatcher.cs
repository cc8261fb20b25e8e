using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Runs the handler for the records that the poll thread hands over: at most so many at once, one at a time per key. A worker that
/// has ended a record takes the next itself, without asking anybody.
/// </summary>
internal sealed class RecordDispatcher(
    IRecordHandler handler, ConsumerSettings settings, Action<PartitionAssignment> progressed, TimeProvider time, KafkaRiderMetrics metrics, ILogger logger)
    : IThreadPoolWorkItem
{
    /// <summary>After how many records a worker that never had to wait lets others have its thread for once.</summary>
    private const int Turn = 100;

    private readonly Lock _lock = new();
    private readonly KeyScheduler<Delivery> _scheduler = new();
    private int _workers;

    /// <summary>Whether all workers have something to do, so that nobody waits for what is read next.</summary>
    public bool IsBusy => Volatile.Read(ref _workers) >= settings.Concurrency;

    /// <summary>Takes over records that were admitted.</summary>
    public void Enqueue(List<Delivery> deliveries)
    {
        foreach (var delivery in deliveries)
            delivery.OrderingKey = handler.OrderingKey(delivery);

        int begin;
        lock (_lock)
        {
            foreach (var delivery in deliveries)
                _scheduler.Add(delivery.OrderingKey, delivery);
            begin = Math.Min(deliveries.Count, settings.Concurrency - _workers);
            _workers += begin;
        }

        for (; begin > 0; begin--)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>A worker begins.</summary>
    void IThreadPoolWorkItem.Execute() => _ = Work();

    private async Task Work()
    {
        int? key = null;
        var waited = false;
        for (var handled = 0; ; handled++)
        {
            Delivery? delivery;
            lock (_lock)
            {
                if (handled > 0)
                    _scheduler.Done(key);
                if (waited || handled == Turn)
                    break;
                if (!_scheduler.TryTake(out key, out delivery))
                {
                    _workers--;
                    return;
                }
            }

            var handling = Handle(delivery);
            waited = !handling.IsCompleted;
            await handling;
        }

        // A handler that waited goes on where what it waited for was signalled: a timer's thread has the others' timers to tell of.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
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
