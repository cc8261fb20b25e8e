using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using NUnit.Framework;

namespace Testing;

/// <summary>
/// Three brokers of the caller's own, to kill, freeze and revive: replication 3, <c>min.insync.replicas</c> 2, no topic created by itself.
/// Needs Docker. Brokers are counted from 0; their addresses stay the same through all of it.
/// </summary>
public sealed class KafkaCluster : IAsyncDisposable
{
    /// <summary>How many brokers there are.</summary>
    public const int Brokers = 3;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(180);

    private readonly INetwork _network;
    private readonly IContainer[] _containers;
    private readonly int[] _ports;

    private KafkaCluster()
    {
        _network = new NetworkBuilder().WithLabel(TestRun.Label, TestRun.Id).Build();
        _ports = [.. Enumerable.Range(0, Brokers).Select(_ => Ports.Free())];
        _containers = [.. Enumerable.Range(0, Brokers).Select(Container)];
    }

    /// <summary>The addresses of all three.</summary>
    public string BootstrapServers => string.Join(',', _ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")));

    /// <summary>Raw records and offsets of this cluster.</summary>
    public KafkaRecords Records => new(BootstrapServers);

    /// <summary>Starts a cluster; skips the calling test where no Docker engine answers.</summary>
    public static async Task<KafkaCluster> StartAsync()
    {
        if (TestRun.WhyNoDocker is { } reason)
            Assert.Ignore($"needs three Kafka brokers to kill and freeze: {reason}");

        var cluster = new KafkaCluster();
        try
        {
            await cluster._network.CreateAsync();
            await Task.WhenAll(cluster._containers.Select(container => container.BeginAsync()));
            await cluster.HasBrokersAsync(Brokers);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL to a broker, as a crash does.</summary>
    public Task KillAsync(int broker) => _containers[broker].KillAsync();

    /// <summary>SIGTERM to a broker, as an orderly restart does: it hands its leaders over first.</summary>
    public Task StopAsync(int broker) => _containers[broker].EndAsync();

    /// <summary>Holds a broker: its connections stay, it does not answer.</summary>
    public Task FreezeAsync(int broker) => _containers[broker].FreezeAsync();

    /// <summary>Ends <see cref="FreezeAsync"/>.</summary>
    public Task ThawAsync(int broker) => _containers[broker].ThawAsync();

    /// <summary>Starts a killed broker on its data; returns when it takes connections.</summary>
    public async Task ReviveAsync(int broker)
    {
        await _containers[broker].BeginAsync();
        await HasBrokersAsync(_containers.Count(container => container.State == TestcontainersStates.Running));
    }

    /// <summary>The broker that leads a partition right now.</summary>
    public int LeaderOf(string topic, int partition)
    {
        using var admin = Admin();
        return admin.GetMetadata(topic, Deadline).Topics.Single().Partitions.Single(found => found.PartitionId == partition).Leader;
    }

    /// <summary>The broker that coordinates a group right now.</summary>
    public int CoordinatorOf(string group)
    {
        using var admin = Admin();
        return admin.ListGroup(group, Deadline).Broker.BrokerId;
    }

    /// <summary>Creates a topic with three replicas, two of them in sync, and returns when it has leaders.</summary>
    public async Task CreateTopicAsync(string topic, int partitions)
    {
        using var admin = Admin();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = Brokers, Configs = new() { ["retention.ms"] = "-1" } }]);
        await Eventually.Until(
            () => admin.GetMetadata(topic, TimeSpan.FromSeconds(5)).Topics is [{ Error.Code: ErrorCode.NoError } found]
                && found.Partitions.Count == partitions && found.Partitions.TrueForAll(partition => partition.Leader >= 0),
            Deadline,
            $"topic {topic} has a leader for every partition");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_containers.Select(container => container.RemoveAsync()));
        await _network.DisposeAsync();
    }

    private static string Host(int broker) => string.Create(CultureInfo.InvariantCulture, $"broker-{broker}");

    private IContainer Container(int broker)
    {
        const int Client = 9092;
        var port = _ports[broker];
        var voters = string.Join(',', Enumerable.Range(0, Brokers).Select(each => string.Create(CultureInfo.InvariantCulture, $"{each}@{Host(each)}:9093")));
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CLUSTER_ID"] = "bWVzc2FnaW5nLXRlc3RzLTE",
            ["KAFKA_NODE_ID"] = broker.ToString(CultureInfo.InvariantCulture),
            ["KAFKA_PROCESS_ROLES"] = "broker,controller",
            ["KAFKA_CONTROLLER_QUORUM_VOTERS"] = voters,
            ["KAFKA_CONTROLLER_LISTENER_NAMES"] = "CONTROLLER",
            ["KAFKA_LISTENERS"] = "CLIENT://:9092,CONTROLLER://:9093,INTERNAL://:9094",
            ["KAFKA_ADVERTISED_LISTENERS"] = string.Create(CultureInfo.InvariantCulture, $"CLIENT://127.0.0.1:{port},INTERNAL://{Host(broker)}:9094"),
            ["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"] = "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT",
            ["KAFKA_INTER_BROKER_LISTENER_NAME"] = "INTERNAL",
            ["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] = "false",
            ["KAFKA_DEFAULT_REPLICATION_FACTOR"] = "3",
            ["KAFKA_MIN_INSYNC_REPLICAS"] = "2",
            ["KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS"] = "8",
            ["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] = "3",
            ["KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS"] = "8",
            ["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"] = "3",
            ["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] = "2",
            ["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] = "0",
            ["KAFKA_HEAP_OPTS"] = "-Xms128m -Xmx512m",
        };
        return new ContainerBuilder(KafkaFixture.Image)
            .WithLabel(TestRun.Label, TestRun.Id)
            .WithNetwork(_network)
            .WithNetworkAliases(Host(broker))
            .WithPortBinding(port, Client)
            .WithEnvironment(settings)
            .Build();
    }

    private Task HasBrokersAsync(int count) => Eventually.Until(
        () =>
        {
            using var admin = Admin();
            return admin.GetMetadata(TimeSpan.FromSeconds(3)).Brokers.Count >= count;
        },
        Deadline,
        $"{count} brokers answer at {BootstrapServers}",
        DescribeAsync);

    /// <summary>For a test that failed: what each broker's container is, and what it wrote last.</summary>
    private async Task<string> DescribeAsync()
    {
        var brokers = await Task.WhenAll(_containers.Select(async container =>
        {
            var (output, errors) = await container.GetLogsAsync(timestampsEnabled: false);
            return $"{container.State}\n{string.Join('\n', $"{output}{errors}".TrimEnd().Split('\n').TakeLast(8))}";
        }));
        return string.Join('\n', brokers.Select((text, broker) => $"--- broker {broker}: {text}"));
    }

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers })
        .SetLogHandler((_, _) => { })
        .Build();
}
