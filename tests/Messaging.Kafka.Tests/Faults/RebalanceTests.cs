using Messaging.Kafka.Tests.Endpoints;
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
}
