using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>Replicas, on three brokers.</summary>
public class ReplicaTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    private KafkaCluster _cluster = null!;
    private string _topic = null!;

    [OneTimeSetUp]
    public async Task StartCluster() => _cluster = await KafkaCluster.StartAsync();

    [OneTimeTearDown]
    public async Task StopCluster()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [SetUp]
    public void Name() => _topic = KafkaFixture.UniqueName("replicas");

    [Test]
    public async Task A_topic_whose_replicas_are_left_to_the_brokers_has_its_min_insync_replicas_all_the_same()
    {
        await using var host = await StartAsync(endpoint => endpoint.CreateIfMissing());

        using var admin = Admin();
        foreach (var topic in new[] { _topic, _topic + ".dlt" })
        {
            var settings = (await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = topic }])).Single().Entries;
            (settings["min.insync.replicas"].Value, settings["min.insync.replicas"].Source).ShouldBe(("2", ConfigSource.DynamicTopicConfig));
        }

        (await host.HealthAsync()).Description.ShouldBe("ready");
    }

    [Test]
    public async Task One_replica_on_three_brokers_degrades_health()
    {
        await CreateAsync(_topic, replicas: 1, leastInSync: 1);
        await _cluster.CreateTopicAsync(_topic + ".dlt", 2);
        await using var host = await StartAsync();

        var health = await host.HealthAsync();
        health.Status.ShouldBe(HealthStatus.Degraded);
        health.Description!.ShouldContain($"topic {_topic}: the number of replicas is 1, and should be 3");
    }

    [Test]
    public async Task A_topic_with_fewer_in_sync_replicas_than_it_needs_is_told_without_a_record_being_written()
    {
        await CreateAsync(_topic, replicas: 3, leastInSync: 3);
        await _cluster.CreateTopicAsync(_topic + ".dlt", 2);
        await using var host = await StartAsync(endpoint => endpoint.DelayTiers(TimeSpan.FromSeconds(1)), createDelays: true);
        (await host.HealthAsync()).Status.ShouldNotBe(HealthStatus.Unhealthy);

        await _cluster.KillAsync(2);
        await Eventually.Until(
            async () => await host.HealthAsync() is { Status: HealthStatus.Unhealthy } health
                && health.Description!.Contains($"topic {_topic}: cannot be written: partitions 0, 1 with 2 in-sync replicas, and min.insync.replicas is 3", StringComparison.Ordinal),
            Within, "health says that the topic cannot be written", async () => (await host.HealthAsync()).Description!);
        await _cluster.ReviveAsync(2);
        await Eventually.Until(async () => (await host.HealthAsync()).Status != HealthStatus.Unhealthy, Within, "the broker is back", async () => (await host.HealthAsync()).Description!);
    }

    private async Task CreateAsync(string topic, short replicas, int leastInSync)
    {
        using var admin = Admin();
        await admin.CreateTopicsAsync([new TopicSpecification
        {
            Name = topic,
            NumPartitions = 2,
            ReplicationFactor = replicas,
            Configs = new() { ["retention.ms"] = "-1", ["min.insync.replicas"] = leastInSync.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        }]);
    }

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _cluster.BootstrapServers }).SetLogHandler((_, _) => { }).Build();

    private async Task<RiderHost> StartAsync(Action<IKafkaTopicReceiveEndpointConfigurator<string, Order>>? configure = null, bool createDelays = false)
    {
        if (createDelays)
            await _cluster.CreateTopicAsync(_topic + ".delay.1s", 2);
        return await RiderHost.StartAsync(
            _cluster.BootstrapServers,
            _ => { },
            (_, kafka) => kafka.TopicEndpoint<string, Order>(_topic, _topic + "-group", endpoint =>
            {
                endpoint.Handler<Order>(_ => Task.CompletedTask);
                configure?.Invoke(endpoint);
            }));
    }
}
