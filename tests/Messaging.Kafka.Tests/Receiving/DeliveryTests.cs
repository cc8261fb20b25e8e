using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Receiving;

public class DeliveryTests
{
    private static readonly TopicPartition Partition = new("orders", 0);

    [Test]
    public async Task The_handler_that_runs_is_canceled()
    {
        var delivery = NewDelivery(0);
        var handler = new Handler();
        delivery.CancelBy(handler);
        delivery.Cancel();
        await Eventually.Until(() => handler.Canceled == 1, null, "the handler is canceled, on another thread");
        delivery.IsCanceled.ShouldBeTrue();
    }

    [Test]
    public void A_handler_that_begins_too_late_is_canceled_at_once()
    {
        var delivery = NewDelivery(0);
        delivery.Cancel();
        var handler = new Handler();
        delivery.CancelBy(handler);
        handler.Canceled.ShouldBe(1);
        delivery.CancelBy(null);
        delivery.IsCanceled.ShouldBeTrue();
    }

    [Test]
    public void A_handler_that_has_returned_is_not_canceled()
    {
        var delivery = NewDelivery(0);
        var handler = new Handler();
        delivery.CancelBy(handler);
        delivery.CancelBy(null);
        delivery.Cancel();
        handler.Canceled.ShouldBe(0);
    }

    [Test]
    public async Task A_handler_whose_cancellation_throws_or_is_slow_holds_nobody_up()
    {
        using var slow = new ManualResetEventSlim();
        var (throwing, waiting) = (NewDelivery(0), NewDelivery(1));
        var canceled = 0;
        throwing.CancelBy(new Callback(() =>
        {
            Interlocked.Increment(ref canceled);
            throw new InvalidOperationException("a callback of the application");
        }));
        waiting.CancelBy(new Callback(() =>
        {
            slow.Wait();
            Interlocked.Increment(ref canceled);
        }));
        throwing.Cancel();
        waiting.Cancel();
        slow.Set();
        await Eventually.Until(() => canceled == 2, null, "both callbacks have run");
    }

    /// <summary>Random begins and ends, against a set.</summary>
    [FsCheck.NUnit.Property(MaxTest = 200)]
    public bool The_running_deliveries_are_those_that_have_begun_and_not_returned(byte[] steps)
    {
        var running = new RunningDeliveries();
        var expected = new HashSet<Delivery>();
        var all = Enumerable.Range(0, 16).Select(offset => NewDelivery(offset)).ToList();
        foreach (var step in steps)
        {
            var delivery = all[step % all.Count];
            if (expected.Add(delivery))
                running.Add(delivery);
            else if (expected.Remove(delivery))
                running.Remove(delivery);
            if (running.Count != expected.Count || !expected.SetEquals(running.ToList()))
                return false;
        }

        return true;
    }

    private static Delivery NewDelivery(long offset) => new(
        new PartitionAssignment(Partition, NullLogger.Instance),
        new ConsumeResult<byte[]?, byte[]?> { TopicPartitionOffset = new(Partition, offset), Message = new Message<byte[]?, byte[]?>() });

    private sealed class Callback(Action cancel) : ICancelable
    {
        public void Cancel() => cancel();
    }

    private sealed class Handler : ICancelable
    {
        public int Canceled { get; private set; }

        public void Cancel() => Canceled++;
    }
}
