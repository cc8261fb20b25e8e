using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using NUnit.Framework;

namespace Testing;

/// <summary>
/// One broker as a strict company runs it, for a test fixture of its own: it asks for a login by PLAIN, allows nobody anything but
/// <c>admin</c>, creates topics by itself when they are asked for, and gives them settings under which records are deleted unread. Needs Docker.
/// </summary>
public sealed class KafkaBroker : IAsyncDisposable
{
    /// <summary>The user who may do only what a test grants.</summary>
    public const string User = "mailer";

    private const string Admin = "admin";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly IContainer _container;
    private readonly int _port = Ports.Free();

    private KafkaBroker()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CLUSTER_ID"] = "bWVzc2FnaW5nLXRlc3RzLTI",
            ["KAFKA_NODE_ID"] = "0",
            ["KAFKA_PROCESS_ROLES"] = "broker,controller",
            ["KAFKA_CONTROLLER_QUORUM_VOTERS"] = "0@localhost:9093",
            ["KAFKA_CONTROLLER_LISTENER_NAMES"] = "CONTROLLER",
            ["KAFKA_LISTENERS"] = "CLIENT://:9092,CONTROLLER://:9093,INTERNAL://:9094",
            ["KAFKA_ADVERTISED_LISTENERS"] = string.Create(CultureInfo.InvariantCulture, $"CLIENT://127.0.0.1:{_port},INTERNAL://localhost:9094"),
            ["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"] = "CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT",
            ["KAFKA_INTER_BROKER_LISTENER_NAME"] = "INTERNAL",
            ["KAFKA_LISTENER_NAME_CLIENT_SASL_ENABLED_MECHANISMS"] = "PLAIN",
            ["KAFKA_LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG"] =
                $"org.apache.kafka.common.security.plain.PlainLoginModule required user_{Admin}=\"{Admin}\" user_{User}=\"{User}\";",
            ["KAFKA_AUTHORIZER_CLASS_NAME"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            ["KAFKA_SUPER_USERS"] = $"User:ANONYMOUS;User:{Admin}",
            ["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] = "true",
            ["KAFKA_LOG_CLEANUP_POLICY"] = "compact",
            ["KAFKA_LOG_RETENTION_BYTES"] = "1048576",
            ["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"] = "true",
            ["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] = "LogAppendTime",
            ["KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS"] = "2",
            ["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] = "1",
            ["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"] = "1",
            ["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] = "1",
            ["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] = "0",
            ["KAFKA_HEAP_OPTS"] = "-Xms128m -Xmx384m",
        };
        _container = new ContainerBuilder(KafkaFixture.Image)
            .WithLabel(TestRun.Label, TestRun.Id)
            .WithPortBinding(_port, 9092)
            .WithEnvironment(settings)
            .Build();
    }

    /// <summary>The address.</summary>
    public string BootstrapServers => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>Starts it; skips the calling test where no Docker engine answers.</summary>
    public static async Task<KafkaBroker> StartAsync()
    {
        if (TestRun.WhyNoDocker is { } reason)
            Assert.Ignore($"needs a Kafka broker with access rules: {reason}");
        var broker = new KafkaBroker();
        try
        {
            await broker._container.BeginAsync();
            using var admin = broker.AdminClient();
            await Eventually.Until(() => admin.GetMetadata(TimeSpan.FromSeconds(3)).Brokers.Count == 1, Deadline, "the broker answers", async () =>
            {
                var (output, errors) = await broker._container.GetLogsAsync(timestampsEnabled: false);
                return string.Join('\n', $"{output}{errors}".TrimEnd().Split('\n').TakeLast(12));
            });
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sets the quota of <see cref="User"/>; null takes it away.</summary>
    public async Task LimitWritesAsync(int? bytesPerSecond)
    {
        string[] change = bytesPerSecond is { } limit
            ? ["--add-config", string.Create(CultureInfo.InvariantCulture, $"producer_byte_rate={limit}")]
            : ["--delete-config", "producer_byte_rate"];
        var result = await _container.RunAsync(
            ["/opt/kafka/bin/kafka-configs.sh", "--bootstrap-server", "localhost:9094", "--alter", "--entity-type", "users", "--entity-name", User, .. change]);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"The quota was not set: {result.Stdout} {result.Stderr}");
    }

    /// <summary>A client's settings, as <see cref="User"/> or as the administrator.</summary>
    public ClientConfig Config(bool asAdmin = false) => new()
    {
        BootstrapServers = BootstrapServers,
        SecurityProtocol = SecurityProtocol.SaslPlaintext,
        SaslMechanism = SaslMechanism.Plain,
        SaslUsername = asAdmin ? Admin : User,
        SaslPassword = asAdmin ? Admin : User,
    };

    /// <summary>A client that may do all.</summary>
    public IAdminClient AdminClient() => new AdminClientBuilder(Config(asAdmin: true)).SetLogHandler((_, _) => { }).Build();

    /// <summary>Allows <see cref="User"/> an operation.</summary>
    public async Task AllowAsync(AclOperation operation, ResourceType type, string name)
    {
        using var admin = AdminClient();
        await admin.CreateAclsAsync([new AclBinding
        {
            Pattern = new ResourcePattern { Type = type, Name = name, ResourcePatternType = ResourcePatternType.Literal },
            Entry = new AccessControlEntry { Principal = $"User:{User}", Host = "*", Operation = operation, PermissionType = AclPermissionType.Allow },
        }]);
    }

    /// <summary>A topic's settings, and who set them.</summary>
    public async Task<IReadOnlyDictionary<string, ConfigEntryResult>> SettingsAsync(string topic)
    {
        using var admin = AdminClient();
        return (await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = topic }])).Single().Entries;
    }

    /// <summary>The names of all topics but Kafka's own.</summary>
    public IReadOnlyList<string> Topics()
    {
        using var admin = AdminClient();
        return [.. admin.GetMetadata(Eventually.DefaultDeadline).Topics.Select(topic => topic.Topic).Where(topic => !topic.StartsWith("__", StringComparison.Ordinal))];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _container.RemoveAsync();
}
