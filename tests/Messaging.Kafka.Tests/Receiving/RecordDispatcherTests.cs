using System.Collections.Concurrent;
using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Receiving;

/// <summary>Records are handled until the test lets them end.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class RecordDispatcherTests
{
    private static readonly TopicPartition Partition = new("orders", 0);

    private readonly PartitionAssignment _assignment = new(Partition, NullLogger.Instance);
    private readonly HeldRecords _records = new();
    private Delivery? _last;
    private int _enqueued;

    [Test]
    public async Task A_record_that_only_waits_lends_its_place_until_it_goes_on()
    {
        var dispatcher = NewDispatcher(concurrency: 2);
        Enqueue(dispatcher, 6);
        await RunAsync(0, 1);

        var loan = Lane.LendPlace().ShouldNotBeNull();
        await RunAsync(0, 1, 2);
        loan.Dispose();

        // Three run where two may: the first that ends gives its place to nobody.
        _records.End(0);
        await RunAsync(1, 2);
        _records.End(1);
        await RunAsync(2, 3);
        _records.End(2, 3);
        await RunAsync(4, 5);
        _records.Most.ShouldBe(3);
    }

    [Test]
    public async Task A_loan_that_is_ended_twice_is_ended_once()
    {
        var dispatcher = NewDispatcher(concurrency: 2);
        Enqueue(dispatcher, 4);
        var loan = Lane.LendPlace().ShouldNotBeNull();
        await RunAsync(0, 1, 2);
        loan.Dispose();
        loan.Dispose();

        _records.End(0, 1);
        await RunAsync(2, 3);
    }

    [Test]
    public async Task No_more_places_are_lent_than_there_are()
    {
        var dispatcher = NewDispatcher(concurrency: 2);
        Enqueue(dispatcher, 8);
        Lane.LendPlace().ShouldNotBeNull();
        Lane.LendPlace().ShouldNotBeNull();
        Lane.LendPlace().ShouldBeNull();
        await RunAsync(0, 1, 2, 3);
        _records.Most.ShouldBe(4);
    }

    [Test]
    public async Task A_single_place_is_not_lent()
    {
        var dispatcher = NewDispatcher(concurrency: 1);
        Enqueue(dispatcher, 2);
        await RunAsync(0);
        Lane.LendPlace().ShouldBeNull();
    }

    [Test]
    public async Task Records_that_wait_in_a_lane_take_no_places_of_another_and_the_order_of_a_key_holds_over_both()
    {
        var dispatcher = NewDispatcher(concurrency: 2, value => value is { Length: > 0 } ? "slow" : "fast");
        Enqueue(dispatcher, new byte[1], new byte[1], new byte[1], [], [], []);

        await RunAsync(0, 1, 3, 4);
        _records.End(3, 4);
        await RunAsync(0, 1, 5);
        _records.End(5, 0);
        await RunAsync(1, 2);
        // Of one key: what is in the idle lane begins once what is before it in the busy one has ended.
        _records.Ordered = true;
        Enqueue(dispatcher, new byte[1], []);
        _records.End(1);
        await RunAsync(2, 6);
        _records.End(6);
        await RunAsync(2, 7);
    }

    private DispatchLane Lane => _last!.Lane!;

    private Task RunAsync(params long[] offsets) =>
        Eventually.Until(() => _records.Running.SequenceEqual(offsets), null, $"{string.Join(", ", offsets)} run");

    private RecordDispatcher NewDispatcher(int concurrency, Func<byte[]?, string?>? lane = null) => new(
        _records,
        new ConsumerSettings
        {
            Name = "orders",
            Topics = [Partition.Topic],
            Config = new ConsumerConfig { GroupId = "group" },
            Concurrency = concurrency,
            PrefetchCount = 100,
            LaneOf = lane,
        },
        static _ => { },
        TimeProvider.System,
        new KafkaRiderMetrics(null),
        NullLogger.Instance);

    private void Enqueue(RecordDispatcher dispatcher, int records) => Enqueue(dispatcher, new byte[records][]);

    private void Enqueue(RecordDispatcher dispatcher, params byte[]?[] values)
    {
        var deliveries = values.Select(value => new Delivery(
            _assignment,
            new ConsumeResult<byte[]?, byte[]?> { TopicPartitionOffset = new(Partition, _enqueued++), Message = new Message<byte[]?, byte[]?> { Value = value } })).ToList();
        _assignment.Admit(deliveries);
        dispatcher.Enqueue(deliveries);
        _last = deliveries[^1];
    }

    private sealed class HeldRecords : IRecordHandler
    {
        private readonly ConcurrentDictionary<long, TaskCompletionSource> _running = new();

        public IEnumerable<long> Running => _running.Keys.Order();

        /// <summary>How many ran at once at the most.</summary>
        public int Most { get; private set; }

        public void End(params long[] offsets)
        {
            foreach (var offset in offsets)
                _running[offset].SetResult();
        }

        /// <summary>Whether those that are enqueued now have one key.</summary>
        public bool Ordered { get; set; }

        public int? OrderingKey(Delivery delivery) => Ordered ? 7 : null;

        public DateTimeOffset? NotBefore(Delivery delivery) => null;

        public async Task Handle(Delivery delivery)
        {
            var offset = delivery.Result.Offset.Value;
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_running)
            {
                _running[offset] = end;
                Most = Math.Max(Most, _running.Count);
            }

            await end.Task;
            _running.TryRemove(offset, out _);
        }
    }
}
