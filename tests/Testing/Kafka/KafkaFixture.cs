using Confluent.Kafka;
using Confluent.Kafka.Admin;
using InMemoryKafka;
using NUnit.Framework;
using Testcontainers.Kafka;

namespace Testing;

/// <summary>What stands behind a <see cref="KafkaFixture"/>.</summary>
public enum KafkaKind
{
    /// <summary>Apache Kafka in a container of this run.</summary>
    Container,

    /// <summary>The broker that <c>KAFKA_BOOTSTRAP_SERVERS</c> names.</summary>
    External,

    /// <summary>librdkafka's mock cluster in this process.</summary>
    InMemory,
}

/// <summary>What a test may need of Kafka that not every kind has.</summary>
public enum KafkaCapability
{
    /// <summary>Topics can be created with a number of partitions and settings of one's own, described and deleted.</summary>
    TopicAdministration,

    /// <summary>Topic settings, such as the largest message, are obeyed.</summary>
    TopicSettings,

    /// <summary>Producers can write in transactions, whose markers have offsets.</summary>
    Transactions,

    /// <summary>Groups can be listed, described and deleted by an admin client.</summary>
    GroupAdministration,
}

/// <summary>
/// A Kafka for tests, one for all tests of a run: a container where Docker answers, else the broker named by
/// <c>KAFKA_BOOTSTRAP_SERVERS</c>, else an in-memory one. Topics and groups are a test's own: <see cref="UniqueName"/>.
/// </summary>
public sealed class KafkaFixture
{
    /// <summary>The image of every Kafka container of the tests; the same as in docker-compose.yml.</summary>
    public const string Image = "apache/kafka:4.3.1";

    private static readonly Lazy<Task<KafkaFixture>> Shared = new(BeginAsync);

    private KafkaFixture(KafkaKind kind, string bootstrapServers)
    {
        Kind = kind;
        BootstrapServers = bootstrapServers;
        Records = new KafkaRecords(bootstrapServers);
    }

    /// <summary>What stands behind the address.</summary>
    public KafkaKind Kind { get; }

    /// <summary>The address, as clients take it.</summary>
    public string BootstrapServers { get; }

    /// <summary>Raw records and offsets of this Kafka.</summary>
    public KafkaRecords Records { get; }

    /// <summary>The run's Kafka, started with the first call.</summary>
    public static Task<KafkaFixture> StartAsync() => Shared.Value;

    /// <summary>A topic or group name that no other test uses, such as <c>email.send-1f0c2a9b</c>.</summary>
    public static string UniqueName(string stem) => $"{stem}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>Whether tests of this capability can run here.</summary>
    public bool Supports(KafkaCapability capability) => WhyNot(capability) is null;

    /// <summary>Skips the calling test, with the reason, where the capability is missing.</summary>
    public void Require(KafkaCapability capability)
    {
        if (WhyNot(capability) is { } reason)
            Assert.Ignore($"needs {capability} of Kafka: {reason}");
    }

    /// <summary>
    /// Creates a topic and returns when it has leaders. The in-memory Kafka gives every topic 4 partitions, whatever is asked for:
    /// a test that depends on the number requires <see cref="KafkaCapability.TopicAdministration"/>.
    /// </summary>
    public async Task<string> CreateTopicAsync(string topic, int partitions = 4, IReadOnlyDictionary<string, string>? settings = null)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        if (Kind != KafkaKind.InMemory)
        {
            var specification = new TopicSpecification
            {
                Name = topic,
                NumPartitions = partitions,
                // As the rider wants its topics: with a retention, its health is degraded.
                Configs = new(settings ?? new Dictionary<string, string> { ["retention.ms"] = "-1" }, StringComparer.Ordinal),
            };
            await admin.CreateTopicsAsync([specification]);
        }

        // The in-memory Kafka makes a topic when its metadata is asked for, and never answers CreateTopics.
        await Eventually.Until(
            () => admin.GetMetadata(topic, TimeSpan.FromSeconds(5)).Topics is [{ Error.Code: ErrorCode.NoError, Partitions.Count: > 0 } found]
                && found.Partitions.TrueForAll(partition => partition.Leader >= 0),
            null,
            $"topic {topic} has a leader for every partition");
        return topic;
    }

    private static async Task<KafkaFixture> BeginAsync()
    {
        if (TestRun.WhyNoDocker is null)
            return new KafkaFixture(KafkaKind.Container, await TestRun.OneAtATimeAsync("kafka", StartContainerAsync));
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is { Length: > 0 } named)
            return new KafkaFixture(KafkaKind.External, named);

        var cluster = InMemoryCluster.Start();
        TestRun.WhenOver(() =>
        {
            cluster.Dispose();
            return Task.CompletedTask;
        });
        return new KafkaFixture(KafkaKind.InMemory, cluster.BootstrapServers);
    }

    private static async Task<string> StartContainerAsync()
    {
        var container = new KafkaBuilder(Image)
            .WithLabel(TestRun.Label, TestRun.Id)
            .WithEnvironment("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            .WithEnvironment("KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS", "8")
            .WithSharing("kafka")
            .Build();
        await container.BeginAsync();
        container.ReleaseUnlessShared();
        return container.GetBootstrapAddress().Replace("plaintext://", "", StringComparison.OrdinalIgnoreCase).TrimEnd('/');
    }

    private string? WhyNot(KafkaCapability capability) =>
        Kind == KafkaKind.InMemory ? $"the in-memory one has no {capability}, and {TestRun.WhyNoDocker}" : null;
}
