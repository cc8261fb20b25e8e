using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>Brokers that die, hang and come back, under load. One cluster for all of it.</summary>
[Category("docker")]
public class BrokerFaultTests
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    /// <summary>Longer than a session's and a replica's timeout, so that the cluster has to do without the broker.</summary>
    private static readonly TimeSpan Downtime = TimeSpan.FromSeconds(12);

    private KafkaCluster _cluster = null!;
    private string _topic = null!;
    private string _group = null!;
    private NumberedLoad _load = null!;

    [OneTimeSetUp]
    public async Task StartCluster() => _cluster = await KafkaCluster.StartAsync();

    [OneTimeTearDown]
    public async Task StopCluster()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [SetUp]
    public async Task CreateTopics()
    {
        (_topic, _group) = (KafkaFixture.UniqueName("numbers"), KafkaFixture.UniqueName("numbers-group"));
        await _cluster.CreateTopicAsync(_topic, 4);
        await _cluster.CreateTopicAsync(_topic + ".dlt", 4);
        _load = new NumberedLoad(_cluster.BootstrapServers, _cluster.Records, _topic, _group, keys: 40);
    }

    [Test]
    public Task A_leader_that_dies_loses_nothing() => Survives(async () =>
    {
        var leader = _cluster.LeaderOf(_topic, 0);
        await _cluster.KillAsync(leader);
        await Task.Delay(Downtime);
        return () => _cluster.ReviveAsync(leader);
    });

    [Test]
    public Task A_group_coordinator_that_dies_loses_nothing() => Survives(async () =>
    {
        var coordinator = _cluster.CoordinatorOf(_group);
        await _cluster.KillAsync(coordinator);
        await Task.Delay(Downtime);
        return () => _cluster.ReviveAsync(coordinator);
    });

    [Test]
    public Task A_broker_that_hangs_loses_nothing() => Survives(async () =>
    {
        var leader = _cluster.LeaderOf(_topic, 1);
        await _cluster.FreezeAsync(leader);
        await Task.Delay(Downtime);
        return () => _cluster.ThawAsync(leader);
    });

    [Test]
    public Task A_cluster_that_dies_and_comes_back_loses_nothing() => Survives(async () =>
    {
        foreach (var broker in Enumerable.Range(0, KafkaCluster.Brokers))
            await _cluster.KillAsync(broker);
        return async () => await Task.WhenAll(Enumerable.Range(0, KafkaCluster.Brokers).Select(_cluster.ReviveAsync));
    });

    [Test]
    public async Task Health_turns_red_without_brokers_and_back()
    {
        await using var host = await _load.StartConsumerAsync();
        (await host.HealthAsync()).Description.ShouldBe("ready");
        foreach (var broker in Enumerable.Range(0, KafkaCluster.Brokers))
            await _cluster.FreezeAsync(broker);
        try
        {
            await Eventually.Until(async () => (await host.HealthAsync()).Description!.Contains("out of reach", StringComparison.Ordinal), Recovery, "health tells that Kafka is away");
        }
        finally
        {
            foreach (var broker in Enumerable.Range(0, KafkaCluster.Brokers))
                await _cluster.ThawAsync(broker);
        }

        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Recovery, "health tells that Kafka is back");
    }

    /// <summary>Load before, through and after a fault.</summary>
    /// <param name="harm">Does harm, and returns how it is healed.</param>
    private async Task Survives(Func<Task<Func<Task>>> harm)
    {
        using var stop = new CancellationTokenSource();
        await using var consumer = await _load.StartConsumerAsync();
        var watching = _load.WatchCommitsAsync(stop.Token);
        var producing = _load.ProduceAsync(1_000_000, stop.Token);
        await Eventually.Until(() => _load.Handled > 500, Recovery, "the load flows");

        for (var round = 0; round < Chaos.Rounds; round++)
        {
            var heal = await harm();
            await heal();

            var healed = _load.Handled;
            await Eventually.Until(() => _load.Handled > healed + 500, Recovery, "the load flows again after it has healed");
        }

        await stop.CancelAsync();
        await Task.WhenAll(watching, producing);
        await _load.ShouldEndWellAsync(Recovery);
    }
}
