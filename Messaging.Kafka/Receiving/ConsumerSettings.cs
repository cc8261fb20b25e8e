using System.Text.RegularExpressions;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Inspection;

namespace Messaging.Kafka.Receiving;

/// <summary>What a consumer reads and within which bounds. The defaults of the public settings stand here, once.</summary>
internal sealed class ConsumerSettings
{
    /// <summary>librdkafka's name of <see cref="IKafkaConsumerConfigurator.PartitionAssignmentStrategy"/>.</summary>
    public const string AssignmentStrategy = "partition.assignment.strategy";

    private const string MetadataRefresh = "topic.metadata.refresh.interval.ms";
    private const int SmallestPrefetch = 20_000;
    private const int PrefetchPerHandler = 10;

    private int? _prefetch;

    /// <summary>Its name in the log and in health.</summary>
    public required string Name { get; init; }

    /// <summary>The topics.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>The regular expression that its topic is; null where it reads topics by name.</summary>
    public Regex? Pattern { get; init; }

    /// <summary>The client's settings.</summary>
    public required ConsumerConfig Config { get; init; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.ConcurrentMessageLimit"/>
    public int Concurrency { get; set; } = 1;

    /// <inheritdoc cref="IKafkaConsumerConfigurator.PrefetchCount"/>
    public int PrefetchCount
    {
        get => _prefetch ?? Math.Max(SmallestPrefetch, PrefetchPerHandler * Concurrency);
        set => _prefetch = value;
    }

    /// <summary>How many bytes of records are held in memory at the most.</summary>
    public long PrefetchBytes { get; init; } = 64 * 1024 * 1024;

    /// <inheritdoc cref="IKafkaConsumerConfigurator.MessageLimit"/>
    public int MessageLimit { get; set; } = 10_000;

    /// <inheritdoc cref="IKafkaConsumerConfigurator.CheckpointMessageCount"/>
    public int CheckpointMessageCount { get; set; } = 5_000;

    /// <inheritdoc cref="IKafkaConsumerConfigurator.CheckpointInterval"/>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="IKafkaConsumerConfigurator.DrainTimeout"/>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc cref="IKafkaConsumerConfigurator.StopTimeout"/>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <inheritdoc cref="IKafkaConsumerConfigurator.StallTimeout"/>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>When the endpoint pauses; null: never.</summary>
    public PauseSettings? Pause { get; set; }

    /// <summary>How the topic is created where it is missing; null: it is not.</summary>
    public KafkaTopicOptions? NewTopic { get; set; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.RequiredRetention"/>
    public TimeSpan? RequiredRetention { get; set; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.OnRecordsDeleted"/>
    public Func<PartitionStretch, CancellationToken, Task>? RecordsDeleted { get; set; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.FairBy"/>
    public Func<byte[]?, string?>? PartyOf { get; set; }

    /// <inheritdoc cref="IKafkaConsumerConfigurator.LaneBy"/>
    public Func<byte[]?, string?>? LaneOf { get; set; }

    /// <summary>Whether records of one key may wait together in a batch, instead of one at a time.</summary>
    public bool BatchesKeys { get; set; }

    /// <summary>Whether its records are due at times of their own, which none may wait beyond because another partition is full.</summary>
    public bool HasDueTimes { get; init; }

    /// <summary>How long the topic must retain its records; null: for ever.</summary>
    public TimeSpan? RetentionNeeded => RequiredRetention ?? NewTopic?.Retention;

    /// <summary>The consumer group; empty until validation names it as missing.</summary>
    public string Group => Config.GroupId ?? "";

    /// <summary>Whether it reads a topic.</summary>
    public bool Reads(string topic) => Pattern?.IsMatch(topic) ?? Topics.Contains(topic);

    private static string? Setting(string name, ConsumerConfig config, ClientConfig? host) =>
        config.Get(name) ?? host?.FirstOrDefault(setting => setting.Key == name).Value;

    /// <summary>The settings of a consumer of one topic or pattern, with the defaults.</summary>
    public static ConsumerSettings Of(string topic, ConsumerConfig config) =>
        new() { Name = $"{topic} ({config.GroupId})", Topics = [topic], Pattern = TopicNames.Pattern(topic), Config = config };

    /// <summary>
    /// Whether the members of the group follow KIP-848 (<c>group.protocol=consumer</c>), where the brokers assign partitions and set the
    /// timeouts, and a client that has those settings is refused.
    /// </summary>
    /// <param name="config">The consumer's settings.</param>
    /// <param name="host">Those of all clients.</param>
    public static bool FollowsBrokers(ConsumerConfig config, ClientConfig? host) =>
        string.Equals(Setting("group.protocol", config, host), "consumer", StringComparison.OrdinalIgnoreCase);

    /// <summary>Fills in what nobody has set of the client's settings, and what is the rider's alone to set.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="host">Those of all clients.</param>
    /// <param name="readsPattern">Whether it reads whatever topics match a pattern, and has to look for new ones.</param>
    public static ConsumerConfig WithDefaults(ConsumerConfig config, ClientConfig? host = null, bool readsPattern = false)
    {
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;

        // The end of a partition tells how far it was read where no record lies there: behind the markers of transactions.
        config.EnablePartitionEof = true;
        config.AutoOffsetReset ??= AutoOffsetReset.Earliest;
        if (!FollowsBrokers(config, host))
        {
            // By name: "range,roundrobin" is not a value of the enumeration.
            if (config.Get(AssignmentStrategy) is null)
                config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
            config.SessionTimeoutMs ??= 10_000;
            config.HeartbeatIntervalMs ??= 3_000;
        }

        // How often it looks for topics that have come to match; librdkafka's own is five minutes.
        if (readsPattern && Setting(MetadataRefresh, config, host) is null)
            config.TopicMetadataRefreshIntervalMs = 10_000;

        // What librdkafka fetches ahead of the poll thread, for all partitions together; its own default is 64 MiB and 100,000 records.
        config.QueuedMaxMessagesKbytes ??= 16 * 1024;

        // How long it stops once that is full. Its own default, a second, is longer than a busy endpoint needs to empty it.
        config.FetchQueueBackoffMs ??= 20;
        return config;
    }
}
