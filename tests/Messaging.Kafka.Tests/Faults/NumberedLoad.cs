using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>
/// Numbered records of many keys, produced and consumed through the rider while a test does its worst; then: every record handled,
/// each key in order, and no offset committed before its record had ended.
/// </summary>
public sealed class NumberedLoad(string bootstrapServers, KafkaRecords records, string topic, string group, int keys)
{
    private readonly ConcurrentDictionary<(int Partition, long Offset), byte> _ended = [];
    private readonly ConcurrentDictionary<string, ConcurrentQueue<int>> _handled = [];
    private readonly ConcurrentQueue<string> _violations = [];
    private readonly ConcurrentDictionary<(string Key, int Number), byte> _distinct = [];
    private int _produced;
    private int _handledCount;

    public int Produced => Volatile.Read(ref _produced);

    /// <summary>How many different records were handled.</summary>
    public int Handled => Volatile.Read(ref _handledCount);

    /// <summary>An instance that consumes; several share the partitions.</summary>
    public Task<RiderHost> StartConsumerAsync(TimeSpan? work = null) => RiderHost.StartAsync(
        bootstrapServers,
        _ => { },
        (_, kafka) => kafka.TopicEndpoint<string, Note>(topic, group, endpoint =>
        {
            endpoint.ConcurrentMessageLimit = 20;
            endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
            endpoint.Handler<Note>(async context =>
            {
                await Task.Delay(work ?? TimeSpan.FromMilliseconds(1), context.CancellationToken);
                var (key, number) = (context.GetKey<string>()!, int.Parse(context.Message.Text, CultureInfo.InvariantCulture));
                _handled.GetOrAdd(key, _ => new()).Enqueue(number);
                if (_distinct.TryAdd((key, number), 0))
                    Interlocked.Increment(ref _handledCount);
                _ended.TryAdd((context.Partition()!.Value, context.Offset()!.Value), 0);
            });
        }));

    /// <summary>Produces until it is told to stop or has produced enough; what is not acknowledged is produced again, as a careful client would.</summary>
    public async Task ProduceAsync(int count, CancellationToken cancellationToken = default)
    {
        await using var host = await RiderHost.StartAsync(
            bootstrapServers,
            rider => rider.AddProducer<string, Note>(topic),
            (_, kafka) => kafka.DeliveryTimeout = TimeSpan.FromSeconds(60));
        await Parallel.ForEachAsync(Enumerable.Range(0, keys), new ParallelOptions { MaxDegreeOfParallelism = keys }, async (key, _) =>
        {
            for (var number = 0; number < count / keys && !cancellationToken.IsCancellationRequested; number++)
            {
                // A backlog, but no more of one than the consumers can work off in the time that a test has.
                while (Produced - Handled > 2_000 && !cancellationToken.IsCancellationRequested)
                    await Task.Delay(10, CancellationToken.None);
                await ProduceOne(host, key, number);
                Interlocked.Increment(ref _produced);
            }
        });
    }

    /// <summary>Reads the committed offsets again and again, and notes each that has passed a record that was not completed.</summary>
    public async Task WatchCommitsAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                foreach (var (partition, committed) in records.Committed(group, topic))
                {
                    for (var offset = committed - 1; offset >= 0 && committed - offset < 2_000; offset--)
                    {
                        if (!_ended.ContainsKey((partition, offset)))
                            _violations.Enqueue($"{partition}/{offset} is not completed, and {committed} is committed");
                    }
                }
            }
            catch (KafkaException)
            {
                // The brokers are away, which is the point of the test.
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>Waits until all that was produced is handled and committed, and looks at how.</summary>
    public async Task ShouldEndWellAsync(TimeSpan within)
    {
        await Eventually.Until(() => Handled >= Produced, within, $"all {Produced} records are handled");
        await Eventually.Until(() => records.Lag(group, topic) == 0, within, "all offsets are committed");
        Handled.ShouldBe(Produced);
        foreach (var (key, numbers) in _handled)
        {
            // A record delivered again after a lost partition comes again, with those behind it; the first sight of each is in order.
            var first = numbers.Distinct().ToList();
            first.SequenceEqual(first.Order()).ShouldBeTrue($"records of key {key} are in order");
        }

        _violations.ShouldBeEmpty();
    }

    private static async Task ProduceOne(RiderHost host, int key, int number)
    {
        while (true)
        {
            try
            {
                await host.ProduceAsync($"k{key}", new Note(number.ToString(CultureInfo.InvariantCulture)));
                return;
            }
            catch (KafkaProduceException)
            {
                // Produced again: a copy is allowed where the outcome is unknown, a gap is not.
            }
        }
    }
}
