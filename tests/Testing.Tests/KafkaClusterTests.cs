using Confluent.Kafka;
using Confluent.Kafka.Admin;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

[Category("docker")]
public class KafkaClusterTests
{
    [Test]
    public async Task A_killed_broker_is_missed_and_comes_back_with_its_data()
    {
        await using var cluster = await KafkaCluster.StartAsync();
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.BootstrapServers }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = "one", NumPartitions = 1, ReplicationFactor = 3 }]);
        await cluster.Records.ProduceAsync("one", "k", "before");
        var leader = cluster.LeaderOf("one", 0);

        await cluster.KillAsync(leader);
        await Eventually.Until(() => cluster.LeaderOf("one", 0) is var next && next >= 0 && next != leader, TimeSpan.FromSeconds(60), "another broker leads");
        await cluster.Records.ProduceAsync("one", "k", "while it was away");
        await cluster.ReviveAsync(leader);

        cluster.Records.ReadAll("one").Select(record => record.ValueText).ShouldBe(["before", "while it was away"]);
    }

    [Test]
    public async Task A_frozen_majority_accepts_nothing_until_it_thaws()
    {
        await using var cluster = await KafkaCluster.StartAsync();
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.BootstrapServers }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = "one", NumPartitions = 1, ReplicationFactor = 3 }]);
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig
        {
            BootstrapServers = cluster.BootstrapServers,
            Acks = Acks.All,
            EnableIdempotence = true,
        }).Build();

        await cluster.FreezeAsync(0);
        await cluster.FreezeAsync(1);
        var produced = producer.ProduceAsync("one", new Message<Null, string> { Value = "late" });
        await Should.ThrowAsync<TimeoutException>(() => produced.WaitAsync(TimeSpan.FromSeconds(2)));
        await cluster.ThawAsync(0);
        await cluster.ThawAsync(1);

        (await produced.WaitAsync(TimeSpan.FromSeconds(60))).Status.ShouldBe(PersistenceStatus.Persisted);
    }
}
