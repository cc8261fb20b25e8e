using Confluent.Kafka;
using InMemoryKafka;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Inspection;

public sealed class ClusterIdTests
{
    [Test]
    public async Task A_cluster_says_the_same_id_each_time()
    {
        var kafka = await KafkaFixture.StartAsync();
        if (kafka.Kind == KafkaKind.InMemory)
            Assert.Ignore("needs a broker: the in-memory cluster has no id");
        var id = await AskAsync(kafka.BootstrapServers);
        id.ShouldNotBeNullOrEmpty();
        (await AskAsync(kafka.BootstrapServers)).ShouldBe(id);
    }

    [Test]
    public async Task A_cluster_in_memory_has_none_and_that_is_no_time_out()
    {
        using var cluster = InMemoryCluster.Start();
        (await AskAsync(cluster.BootstrapServers)).ShouldBeNull();
    }

    private static async Task<string?> AskAsync(string bootstrapServers)
    {
        using var inspector = new KafkaInspector(new ClientConfig { BootstrapServers = bootstrapServers }, TimeProvider.System, NullLogger<KafkaInspector>.Instance);
        return await inspector.ClusterIdAsync(Eventually.DefaultDeadline);
    }
}
