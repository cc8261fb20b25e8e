using Messaging.Kafka.Batches;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Runs the handler for the records that the poll thread enqueues: at most so many of a lane at once, one at a time per key. A worker that
/// has completed a record takes the next itself, without asking anybody.
/// </summary>
/// <remarks>
/// A record that is being written to a delay topic or to the dead-letter topic lends its place until that is acknowledged: its handler
/// has returned, and Kafka takes longer for it than many a handler. As many places are lent as there are, and none where there is one:
/// an application that wants one record at a time wants no other in its filters either.
/// </remarks>
internal sealed class RecordDispatcher(
    IRecordHandler handler, ConsumerSettings settings, Action<PartitionAssignment> progressed, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
{
    /// <summary>After how many records a worker that never had to wait lets others have its thread for once.</summary>
    private const int Turn = 100;

    private readonly Lock _lock = new();
    private readonly KeyScheduler<Delivery> _scheduler = new();
    // By name; the poll thread's own. Those without a name share a lane.
    private readonly Dictionary<string, DispatchLane> _named = [];
    private volatile DispatchLane[] _lanes = [];
    // The last of each key that has begun and is not over, where one of a key may begin before that.
    private readonly Dictionary<int, BatchTurn> _turns = [];

    /// <summary>Whether the workers of all lanes have something to do, so that nobody waits for what is read next.</summary>
    public bool IsBusy => _lanes is { Length: > 0 } lanes && Array.TrueForAll(lanes, lane => lane.Workers >= lane.Places);

    /// <summary>Enqueues records that were admitted.</summary>
    public void Enqueue(List<Delivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            delivery.OrderingKey = OrderingKey(delivery);
            delivery.Party = Party(delivery);
            delivery.LaneName = LaneName(delivery);
            delivery.Lane = Lane(delivery.LaneName);
        }

        lock (_lock)
        {
            foreach (var delivery in deliveries)
            {
                _scheduler.Add(delivery.OrderingKey, delivery, delivery.Party, delivery.Lane!.Number);
                delivery.Lane.Added++;
            }

            foreach (var lane in _lanes)
            {
                Begin(lane, Math.Clamp(lane.Places - lane.Workers, 0, lane.Added));
                lane.Added = 0;
            }
        }
    }

    /// <summary>Lets another record of a lane run in the place of one that now only waits.</summary>
    /// <returns>What ends the loan when it is disposed of; null where there is nothing to lend.</returns>
    public IDisposable? LendPlace(DispatchLane lane)
    {
        lock (_lock)
        {
            if (!lane.MayLend)
                return null;
            lane.Lent++;
            Begin(lane, 1);
        }

        return new Loan(this, lane);
    }

    /// <summary>Lets the next record of a delivery's key begin before the delivery is over: it waits in a batch that may take the next one, too.</summary>
    public void LetNextBegin(Delivery delivery)
    {
        lock (_lock)
        {
            if (FreeKey(delivery) is { } next && _lanes[next] is var lane && lane.Workers < lane.Places)
                Begin(lane, 1);
        }
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

    /// <summary>As the ordering key, asked on the poll thread: whatever cannot be read has no name.</summary>
    private string? LaneName(Delivery delivery)
    {
        try
        {
            return settings.LaneOf?.Invoke(delivery.Result.Message.Value);
        }
        // Broad on purpose, as for the party.
        catch (Exception exception)
        {
            logger.LogDebug(exception, "The lane of the record {TopicPartitionOffset} cannot be read", delivery.Result.TopicPartitionOffset);
            return null;
        }
    }

    private DispatchLane Lane(string? name)
    {
        if (_named.TryGetValue(name ?? "", out var lane))
            return lane;
        lane = new DispatchLane(this, _lanes.Length, settings.Concurrency);
        _named.Add(name ?? "", lane);
        _lanes = [.. _lanes, lane];
        return lane;
    }

    /// <summary>Begins so many workers of a lane, which the caller has found room for under the lock.</summary>
    private static void Begin(DispatchLane lane, int workers)
    {
        lane.Workers += workers;
        for (; workers > 0; workers--)
            BeginWorker(lane);
    }

    private static void BeginWorker(DispatchLane lane) => ThreadPool.UnsafeQueueUserWorkItem(lane, preferLocal: false);

    /// <summary>A worker's way through the records of a lane.</summary>
    internal async Task Work(DispatchLane lane)
    {
        Delivery? delivery = null;
        var waited = false;
        for (var handled = 0; ; handled++)
        {
            lock (_lock)
            {
                if (delivery is not null)
                    Free(delivery, lane);
                // The place was lent, and the loan is over.
                var tooMany = lane.Workers > lane.Places;
                if (!tooMany && (waited || handled == Turn))
                    break;
                if (tooMany || !_scheduler.TryTake(out _, out delivery, lane.Number))
                {
                    lane.Workers--;
                    return;
                }

                if (settings.BatchesKeys && delivery.OrderingKey is { } key)
                    _turns[key] = delivery.Turn = new BatchTurn(_turns.GetValueOrDefault(key));
            }

            var handling = Handle(delivery);
            waited = !handling.IsCompleted;
            await handling;
        }

        // A handler that waited goes on where what it waited for was signalled: a timer's thread has the others' timers to tell of.
        BeginWorker(lane);
    }

    /// <summary>Frees the key of a record that is done with. The next of the key may be another lane's, whose workers perhaps have nothing to do.</summary>
    private void Free(Delivery delivery, DispatchLane lane)
    {
        if (FreeKey(delivery) is { } next && next != lane.Number && _lanes[next] is var other && other.Workers < other.Places)
            Begin(other, 1);
    }

    /// <returns>The lane of the next record of the key, where there is one and the key was not free already.</returns>
    private int? FreeKey(Delivery delivery)
    {
        if (delivery.HasFreedKey)
            return null;
        delivery.HasFreedKey = true;
        return _scheduler.Done(delivery.OrderingKey);
    }

    /// <summary>A record of a batch consumer's endpoint is over; what follows it waits for it no longer.</summary>
    private void EndTurn(Delivery delivery)
    {
        if (delivery is not { Turn: { } turn, OrderingKey: { } key })
            return;
        lock (_lock)
        {
            if (_turns.GetValueOrDefault(key) == turn)
                _turns.Remove(key);
        }

        turn.End();
    }

    private async Task Handle(Delivery delivery)
    {
        // What waited while its partition was taken away is the next owner's.
        if (!delivery.Assignment.TryBegin(delivery))
        {
            EndTurn(delivery);
            return;
        }

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
            EndTurn(delivery);
            progressed(delivery.Assignment);
            metrics.Processed(delivery.Result.Topic, settings.Group, timeProvider.GetElapsedTime(started), completed);
        }
    }

    private sealed class Loan(RecordDispatcher dispatcher, DispatchLane lane) : IDisposable
    {
        private RecordDispatcher? _dispatcher = dispatcher;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _dispatcher, null) is { } lender)
            {
                lock (lender._lock)
                    lane.Lent--;
            }
        }
    }
}
