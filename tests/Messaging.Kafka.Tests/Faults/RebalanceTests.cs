using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>Instances that come and go, under load.</summary>
public class RebalanceTests
{
    [Test]
    public async Task Consumers_that_join_and_leave_all_the_time_lose_nothing()
    {
        var kafka = await KafkaFixture.StartAsync();
        var (topic, group) = (KafkaFixture.UniqueName("numbers"), KafkaFixture.UniqueName("numbers-group"));
        await kafka.CreateTopicAsync(topic);
        await kafka.CreateTopicAsync(topic + ".dlt");
        var load = new NumberedLoad(kafka.BootstrapServers, kafka.Records, topic, group, keys: 40);

        using var stop = new CancellationTokenSource();
        await using var steady = await load.StartConsumerAsync();
        var watching = load.WatchCommitsAsync(stop.Token);
        var producing = load.ProduceAsync(1_000_000, stop.Token);
        var guests = new Queue<RiderHost>();
        for (var round = 0; round < 16 * Chaos.Rounds; round++)
        {
            guests.Enqueue(await load.StartConsumerAsync());
            await Task.Delay(500);
            if (guests.Count > 2)
                await guests.Dequeue().DisposeAsync();
        }

        while (guests.TryDequeue(out var guest))
            await guest.DisposeAsync();
        await stop.CancelAsync();
        await Task.WhenAll(watching, producing);
        await load.ShouldEndWellAsync(TimeSpan.FromSeconds(60));
    }

    [Test]
    public async Task A_partition_that_is_paused_when_it_is_taken_away_is_read_on_when_it_comes_back()
    {
        var kafka = await KafkaFixture.StartAsync();
        var (topic, group) = (KafkaFixture.UniqueName("paused"), KafkaFixture.UniqueName("paused-group"));
        await kafka.CreateTopicAsync(topic);
        await kafka.CreateTopicAsync(topic + ".dlt");
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = kafka.BootstrapServers }).Build();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number =>
            producer.ProduceAsync(new TopicPartition(topic, number % 4), new Message<string, string> { Key = $"k{number}", Value = $$"""{"text":"{{number}}"}""" })));

        var release = new TaskCompletionSource();
        var handled = new ConcurrentDictionary<string, byte>();
        Task<RiderHost> StartAsync() => RiderHost.StartAsync(kafka.BootstrapServers, _ => { }, (_, rider) => rider.TopicEndpoint<string, Note>(topic, group, endpoint =>
        {
            endpoint.ConcurrentMessageLimit = 4;
            endpoint.PrefetchCount = 8;
            endpoint.DrainTimeout = TimeSpan.FromMilliseconds(200);
            endpoint.StopTimeout = TimeSpan.FromMilliseconds(200);
            endpoint.Handler<Note>(async context =>
            {
                await release.Task.WaitAsync(context.CancellationToken);
                handled.TryAdd(context.Message.Text, 0);
            });
        }), services => services.AddSingleton<IMeterFactory, Meters>());

        await using var steady = await StartAsync();
        await Eventually.Until(() => Paused(steady) == 4, null, "all partitions are paused, as nothing ends");
        await using (await StartAsync())
            await Eventually.Until(() => Paused(steady) == 2, null, "the second instance has taken two of them");

        release.SetResult();
        await Eventually.Until(() => handled.Count == 200, null, "every record is handled");
    }

    /// <summary>How many partitions an instance has paused, as its metrics say.</summary>
    private static long Paused(RiderHost host)
    {
        var paused = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "kafka.rider.paused_partitions" && ReferenceEquals(instrument.Meter.Scope, host.Services.GetRequiredService<IMeterFactory>()))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => paused += value);
        listener.Start();
        listener.RecordObservableInstruments();
        return paused;
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options.Name, options.Version, options.Tags, scope: this);

        public void Dispose()
        {
        }
    }
}
