using System.Collections.Concurrent;
using System.Globalization;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Batch consumers get what there is of few keys in full batches, and the records of a key in their order, whatever fails meanwhile.</summary>
public class BatchTests : ContractTests
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(30);
    private static readonly string[] Keys = ["ada", "bob", "cem"];

    private readonly Batches _batches = new();

    [SetUp]
    public void Forget() => _batches.Clear();

    [Test]
    public async Task Few_keys_fill_batches_in_their_order()
    {
        await using var host = await StartAsync(limit: 10, concurrency: 10);
        await ProduceAsync(host, 30);

        await Eventually.Until(() => _batches.Consumed.Count == 3, null, "three batches come, long before their time limit");
        _batches.Consumed.ShouldAllBe(batch => batch.Count == 10);
        ShouldBeInOrder(30);
        await AllCommittedAsync();
    }

    [Test]
    public async Task One_key_fills_batches_also_when_its_records_come_one_by_one()
    {
        await using var host = await StartAsync(limit: 5, concurrency: 5);
        for (var i = 0; i < 10; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));

        await Eventually.Until(() => _batches.Consumed.Count == 2, null, "two batches come");
        _batches.Consumed.ShouldBe([["ada 0", "ada 1", "ada 2", "ada 3", "ada 4"], ["ada 5", "ada 6", "ada 7", "ada 8", "ada 9"]]);
    }

    [Test]
    public async Task A_key_is_in_one_batch_at_a_time_and_in_order_while_batches_run_at_once_fail_and_wait_for_a_dependency()
    {
        _batches.Before = async (number, batch) =>
        {
            // Batches end in another order than they begin in, and one in three meets a dependency that is away.
            await Task.Delay(number % 4 * 5);
            if (number % 3 == 1)
                throw new TimeoutException("the dependency is away");
        };
        await using var host = await StartAsync(
            limit: 7, concurrency: 40, timeLimit: TimeSpan.FromMilliseconds(50), atOnce: 4, configure: endpoint =>
            {
                endpoint.PauseOn(pause =>
                {
                    pause.When = exception => exception is TimeoutException;
                    pause.Probe = (_, _) => Task.CompletedTask;
                    pause.FirstInterval = TimeSpan.FromMilliseconds(20);
                    pause.MaxPausesPerMessage = 1_000;
                });
            });
        await ProduceAsync(host, 600);

        await Eventually.Until(() => _batches.Consumed.Sum(batch => batch.Count) >= 600, TimeSpan.FromSeconds(60), "all are consumed");
        ShouldBeInOrder(600);
        _batches.Overlaps.ShouldBeEmpty("no key is in two batches at once");
        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_failed_batch_is_dead_lettered_in_the_order_of_its_keys_and_the_next_goes_on()
    {
        _batches.Before = (number, _) => number == 0 ? throw new InvalidOperationException("the batch fails") : Task.CompletedTask;
        await using var host = await StartAsync(limit: 10, concurrency: 30);
        for (var i = 0; i < 20; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));

        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").Select(record => record.ValueText).ShouldBe(Enumerable.Range(0, 10).Select(i => $$"""{"text":"{{i}}"}"""));
        _batches.Consumed.ShouldHaveSingleItem().ShouldBe(Enumerable.Range(10, 10).Select(i => $"ada {i}"));
    }

    [Test]
    public async Task What_came_into_the_batch_behind_one_that_fails_waits_for_its_key_and_is_not_lost()
    {
        var first = new TaskCompletionSource();
        // The first holds up two of the other key, which are both there before one of them has begun.
        _batches.Before = (number, _) => number == 0 ? first.Task : throw new InvalidOperationException($"batch {number} fails");
        await using var host = await StartAsync(limit: 5, concurrency: 40, configure: endpoint => endpoint.UseExecute(_ => Seen.Enqueue("on its way into its batch")));
        for (var i = 0; i < 5; i++)
            await host.ProduceAsync("bob", new Order($"{i}"));
        await Eventually.Until(() => _batches.Begun.Count == 1, null, "the first batch runs");
        for (var i = 0; i < 10; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));
        await Eventually.Until(() => Seen.Count == 15, null, "all are in a batch");
        first.SetResult();

        await AllCommittedAsync();
        _batches.Consumed.ShouldHaveSingleItem().ShouldAllBe(text => KeyOf(text) == "bob");
        _batches.Begun.Skip(1).SelectMany(batch => batch).ShouldBe(Enumerable.Range(0, 10).Select(i => $"ada {i}"));
        Kafka.Records.ReadAll(Topic + ".dlt").Select(record => record.ValueText).ShouldBe(Enumerable.Range(0, 10).Select(i => $$"""{"text":"{{i}}"}"""));
    }

    [Test]
    public async Task A_batch_that_fails_in_its_outbox_has_failed_with_its_last_record_too()
    {
        _batches.TooLargeFor = new Uri($"topic:{Other}");
        await using var host = await StartAsync(limit: 3, concurrency: 3, outbox: true);
        for (var i = 0; i < 3; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));

        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").Select(record => record.ValueText).ShouldBe(Enumerable.Range(0, 3).Select(i => $$"""{"text":"{{i}}"}"""));
    }

    [Test]
    public async Task A_retry_gives_the_same_batch_again_and_nothing_of_its_keys_passes_it()
    {
        _batches.Before = (number, _) => number < 2 ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        await using var host = await StartAsync(limit: 10, concurrency: 30, configure: endpoint => endpoint.UseMessageRetry(retry => retry.Immediate(3)));
        for (var i = 0; i < 20; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));

        await Eventually.Until(() => _batches.Consumed.Count == 2, null, "both are consumed");
        _batches.Begun.Take(3).ShouldAllBe(batch => batch.SequenceEqual(Enumerable.Range(0, 10).Select(i => $"ada {i}")));
        ShouldBeInOrder(20);
        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_batch_that_is_redelivered_waits_in_the_delay_topic_in_order_and_comes_back_as_one()
    {
        _batches.Before = (number, _) => number == 0 ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        await using var host = await StartAsync(
            limit: 10, concurrency: 10, configure: endpoint => endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(2, TimeSpan.FromSeconds(1))));
        for (var i = 0; i < 10; i++)
            await host.ProduceAsync("ada", new Order($"{i}"));

        await Eventually.Until(() => _batches.Consumed.Count == 1, null, "the redelivered batch is consumed");
        Kafka.Records.ReadAll(Topic + ".delay.1s").Select(record => record.ValueText).ShouldBe(Enumerable.Range(0, 10).Select(i => $$"""{"text":"{{i}}"}"""));
        _batches.Consumed.Single().Count.ShouldBe(10);
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_record_that_cannot_be_read_does_not_keep_the_next_of_its_key_from_the_batch()
    {
        await using var host = await StartAsync(limit: 2, concurrency: 4);
        await host.ProduceAsync("ada", new Order("0"));
        await Kafka.Records.ProduceAsync(Topic, "ada", "no json");
        await host.ProduceAsync("ada", new Order("1"));

        await Eventually.Until(() => _batches.Consumed.Count == 1, null, "the batch is full");
        _batches.Consumed.Single().ShouldBe(["ada 0", "ada 1"]);
        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").Count.ShouldBe(1);
    }

    [Test]
    public async Task Beside_another_consumer_a_key_has_one_record_at_a_time_for_both()
    {
        await using var host = await StartAsync(limit: 10, concurrency: 10, timeLimit: TimeSpan.FromMilliseconds(200), configure: endpoint => endpoint.Handler<Order>(Note));
        await ProduceAsync(host, 9);

        await Eventually.Until(() => _batches.Consumed.Sum(batch => batch.Count) == 9 && Seen.Count == 9, null, "both consumers get all");
        _batches.Consumed.ShouldAllBe(batch => batch.Select(KeyOf).Distinct().Count() == batch.Count);
        ShouldBeInOrder(9);
        foreach (var key in Keys)
            Seen.Where(text => KeyNamed(text) == key).Select(text => $"{key} {text}").ShouldBe(_batches.Consumed.SelectMany(batch => batch).Where(text => KeyOf(text) == key));
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_batch_that_is_not_full_at_the_stop_is_consumed_after_the_next_start()
    {
        await using (var host = await StartAsync(limit: 10, concurrency: 10, configure: endpoint =>
        {
            endpoint.StopTimeout = TimeSpan.FromMilliseconds(100);
            endpoint.DrainTimeout = TimeSpan.FromSeconds(2);
            endpoint.UseExecute(_ => Seen.Enqueue("on its way into the batch"));
        }))
        {
            for (var i = 0; i < 6; i++)
                await host.ProduceAsync("ada", new Order($"{i}"));
            await Eventually.Until(() => Seen.Count == 6, null, "all wait in the batch");
        }

        _batches.Begun.ShouldBeEmpty();
        await using var next = await StartAsync(limit: 6, concurrency: 6);
        await Eventually.Until(() => _batches.Consumed.Count == 1, null, "the batch is consumed");
        _batches.Consumed.Single().ShouldBe(Enumerable.Range(0, 6).Select(i => $"ada {i}"));
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    private static string KeyNamed(string number) => Keys[int.Parse(number, CultureInfo.InvariantCulture) % Keys.Length];

    private static string KeyOf(string text) => text.Split(' ')[0];

    private static async Task ProduceAsync(RiderHost host, int count)
    {
        for (var i = 0; i < count; i++)
            await host.ProduceAsync(Keys[i % Keys.Length], new Order($"{i}"));
    }

    private Task<RiderHost> StartAsync(
        int limit, int concurrency, TimeSpan? timeLimit = null, int atOnce = 1, Action<IKafkaTopicReceiveEndpointConfigurator<string, Order>>? configure = null,
        bool outbox = false) =>
        StartAsync(
            (context, endpoint) =>
            {
                endpoint.ConcurrentMessageLimit = concurrency;
                configure?.Invoke(endpoint);
                if (outbox)
                    endpoint.UseInMemoryOutbox(context);
                endpoint.ConfigureConsumer<BatchConsumer>(context);
            },
            rider => rider.AddConsumer<BatchConsumer>(consumer => consumer.Options<BatchOptions>(
                options => options.SetMessageLimit(limit).SetTimeLimit(timeLimit ?? Never).SetConcurrencyLimit(atOnce))),
            services: services => services.AddSingleton(_batches));

    private void ShouldBeInOrder(int count)
    {
        var consumed = _batches.Consumed.SelectMany(batch => batch).ToList();
        consumed.Count.ShouldBe(count);
        foreach (var key in Keys)
            consumed.Where(text => KeyOf(text) == key).Select(text => int.Parse(text.Split(' ')[1], CultureInfo.InvariantCulture)).ShouldBeInOrder();
        consumed.ShouldBeUnique();
    }

    /// <summary>What the batch consumer was given, and what it does with it.</summary>
    public sealed class Batches
    {
        private readonly ConcurrentDictionary<string, int> _running = new();
        private int _number;

        public Func<int, IReadOnlyList<string>, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

        /// <summary>A topic to send something to that is larger than it takes.</summary>
        public Uri? TooLargeFor { get; set; }

        public ConcurrentQueue<IReadOnlyList<string>> Begun { get; } = [];

        public ConcurrentQueue<IReadOnlyList<string>> Consumed { get; } = [];

        public ConcurrentQueue<string> Overlaps { get; } = [];

        public async Task Consume(IReadOnlyList<string> batch)
        {
            Begun.Enqueue(batch);
            var keys = batch.Select(KeyOf).Distinct().ToList();
            foreach (var key in keys.Where(key => _running.AddOrUpdate(key, 1, (_, running) => running + 1) > 1))
                Overlaps.Enqueue(key);
            try
            {
                await Before(Interlocked.Increment(ref _number) - 1, batch);
                Consumed.Enqueue(batch);
            }
            finally
            {
                foreach (var key in keys)
                    _running.AddOrUpdate(key, 0, (_, running) => running - 1);
            }
        }

        public void Clear()
        {
            Begun.Clear();
            Consumed.Clear();
            Overlaps.Clear();
            _running.Clear();
            _number = 0;
            Before = (_, _) => Task.CompletedTask;
            TooLargeFor = null;
        }
    }

    public sealed class BatchConsumer(Batches batches) : IConsumer<Batch<Order>>
    {
        public async Task Consume(ConsumeContext<Batch<Order>> context)
        {
            await batches.Consume([.. context.Message.Select(message => $"{message.GetKey<string>()} {message.Message.Text}")]);
            if (batches.TooLargeFor is { } topic)
                await context.Send(topic, new Receipt(new string('x', 2_000_000)));
        }
    }
}
