using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Runs the handler for the records that the poll thread enqueues: at most so many at once, one at a time per key. A worker that
/// has completed a record takes the next itself, without asking anybody.
/// </summary>
/// <remarks>
/// A record that is being written to a delay topic or to the dead-letter topic lends its place until that is acknowledged: its handler
/// has returned, and Kafka takes longer for it than many a handler. As many places are lent as there are, and none where there is one:
/// an application that wants one record at a time wants no other in its filters either.
/// </remarks>
internal sealed class RecordDispatcher(
    IRecordHandler handler, ConsumerSettings settings, Action<PartitionAssignment> progressed, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
    : IThreadPoolWorkItem
{
    /// <summary>After how many records a worker that never had to wait lets others have its thread for once.</summary>
    private const int Turn = 100;

    private readonly Lock _lock = new();
    private readonly KeyScheduler<Delivery> _scheduler = new();
    private int _workers;
    private int _lent;

    /// <summary>Whether all workers have something to do, so that nobody waits for what is read next.</summary>
    public bool IsBusy => Volatile.Read(ref _workers) >= Places;

    /// <summary>How many records may run now.</summary>
    private int Places => settings.Concurrency + Volatile.Read(ref _lent);

    /// <summary>Enqueues records that were admitted.</summary>
    public void Enqueue(List<Delivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            delivery.Dispatcher = this;
            delivery.OrderingKey = OrderingKey(delivery);
            delivery.Party = Party(delivery);
        }

        int begin;
        lock (_lock)
        {
            foreach (var delivery in deliveries)
                _scheduler.Add(delivery.OrderingKey, delivery, delivery.Party);
            begin = Math.Clamp(Places - _workers, 0, deliveries.Count);
            _workers += begin;
        }

        for (; begin > 0; begin--)
            BeginWorker();
    }

    /// <summary>Lets another record run in the place of one that now only waits.</summary>
    /// <returns>What ends the loan when it is disposed of; null where there is nothing to lend.</returns>
    public IDisposable? LendPlace()
    {
        lock (_lock)
        {
            if (settings.Concurrency == 1 || _lent == settings.Concurrency)
                return null;
            _lent++;
            _workers++;
        }

        BeginWorker();
        return new Loan(this);
    }

    /// <summary>Asked on the poll thread, which nothing that a handler throws may end: the record then goes without an order.</summary>
    private int? OrderingKey(Delivery delivery)
    {
        try
        {
            return handler.OrderingKey(delivery);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "The record {TopicPartitionOffset} has no ordering key that can be read; it is handled without an order", delivery.Result.TopicPartitionOffset);
            return null;
        }
    }

    /// <summary>As the ordering key, asked on the poll thread: whatever cannot be read is one party.</summary>
    private int Party(Delivery delivery)
    {
        try
        {
            return settings.PartyOf?.Invoke(delivery.Result.Message.Value)?.GetHashCode(StringComparison.Ordinal) ?? 0;
        }
        // Broad on purpose: what becomes of a record that cannot be read is its handler's to say.
        catch (Exception exception)
        {
            logger.LogDebug(exception, "Whose the record {TopicPartitionOffset} is cannot be read", delivery.Result.TopicPartitionOffset);
            return 0;
        }
    }

    private void BeginWorker() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

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
                // The place was lent, and the loan is over.
                var tooMany = _workers > Places;
                if (!tooMany && (waited || handled == Turn))
                    break;
                if (tooMany || !_scheduler.TryTake(out key, out delivery))
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
        BeginWorker();
    }

    private async Task Handle(Delivery delivery)
    {
        // What waited while its partition was taken away is the next owner's.
        if (!delivery.Assignment.TryBegin(delivery))
            return;

        var started = timeProvider.GetTimestamp();
        var completed = false;
        try
        {
            await handler.Handle(delivery);
            completed = true;
        }
        catch (OperationCanceledException)
        {
            // The assignment ended before the record was completed: its offset does not move, and the next owner reads it again.
        }
        // A handler's defect must neither end the worker nor move the offset; it shows in the log and as lag.
        catch (Exception exception)
        {
            logger.LogCritical(exception, "The record {TopicPartitionOffset} could be neither handled nor written elsewhere; its partition does not move on", delivery.Result.TopicPartitionOffset);
        }
        finally
        {
            delivery.Assignment.Finish(delivery, completed);
            progressed(delivery.Assignment);
            metrics.Processed(delivery.Result.Topic, settings.Group, timeProvider.GetElapsedTime(started), completed);
        }
    }

    private sealed class Loan(RecordDispatcher dispatcher) : IDisposable
    {
        private RecordDispatcher? _dispatcher = dispatcher;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _dispatcher, null) is { } lender)
            {
                lock (lender._lock)
                    lender._lent--;
            }
        }
    }
}
