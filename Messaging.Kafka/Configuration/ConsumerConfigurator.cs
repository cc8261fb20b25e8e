using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Configuration;

/// <summary>Gathers a consumer's settings and checks them.</summary>
internal sealed class ConsumerConfigurator(string topic, ConsumerConfig config, ClientConfig host) : IKafkaConsumerConfigurator
{
    private const int SmallestPrefetch = 20_000;
    private const int PrefetchPerHandler = 10;

    private int? _prefetch;

    public KafkaTopicOptions? TopicOptions { get; private set; }

    public PauseSettings? Pause { get; private set; }

    public int? ConcurrentMessageLimit { get; set; }

    public int PrefetchCount
    {
        get => _prefetch ?? Math.Max(SmallestPrefetch, PrefetchPerHandler * Concurrency);
        set => _prefetch = value;
    }

    public ushort MessageLimit { get; set; } = ConsumerSettings.DefaultMessageLimit;

    public TimeSpan CheckpointInterval { get; set; } = ConsumerSettings.DefaultCheckpointInterval;

    public ushort CheckpointMessageCount { get; set; } = ConsumerSettings.DefaultCheckpointMessageCount;

    public TimeSpan DrainTimeout { get; set; } = ConsumerSettings.DefaultDrainTimeout;

    public TimeSpan StopTimeout { get; set; } = ConsumerSettings.DefaultStopTimeout;

    public TimeSpan StallTimeout { get; set; } = ConsumerSettings.DefaultStallTimeout;

    public AutoOffsetReset? AutoOffsetReset
    {
        set => config.AutoOffsetReset = value;
    }

    public string? GroupInstanceId
    {
        set => config.GroupInstanceId = value;
    }

    public PartitionAssignmentStrategy? PartitionAssignmentStrategy
    {
        set => config.PartitionAssignmentStrategy = value;
    }

    public TimeSpan? SessionTimeout
    {
        set => config.SessionTimeoutMs = value.ToMilliseconds();
    }

    public TimeSpan? HeartbeatInterval
    {
        set => config.HeartbeatIntervalMs = value.ToMilliseconds();
    }

    public TimeSpan? MaxPollInterval
    {
        set => config.MaxPollIntervalMs = value.ToMilliseconds();
    }

    private int Concurrency => ConcurrentMessageLimit ?? 1;

    public int? QueuedMinMessages
    {
        set => config.QueuedMinMessages = value;
    }

    public int? QueuedMaxMessagesKbytes
    {
        set => config.QueuedMaxMessagesKbytes = value;
    }

    public bool? CheckCrcs
    {
        set => config.CheckCrcs = value;
    }

    public TimeSpan? CoordinatorQueryInterval
    {
        set => config.CoordinatorQueryIntervalMs = value.ToMilliseconds();
    }

    public void UseIsolationLevel(IsolationLevel isolationLevel) => config.IsolationLevel = isolationLevel;

    public void ConfigureFetch(Action<IKafkaFetchConfigurator> configure) => configure(new FetchConfigurator(config));

    public void PauseOn(Action<IPauseConfigurator> configure)
    {
        Pause = new PauseSettings();
        configure(Pause);
    }

    public void CreateIfMissing(Action<KafkaTopicOptions>? configure = null)
    {
        TopicOptions = new KafkaTopicOptions();
        configure?.Invoke(TopicOptions);
    }

    /// <summary>What is wrong with the settings: key, and what it is, what is allowed and how to fix it.</summary>
    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (TopicNames.Problem(topic) is { } wrongName)
            yield return ("Topic", wrongName);
        if (string.IsNullOrWhiteSpace(config.GroupId))
            yield return ("GroupId", "is empty: name the consumer group");
        if (ConcurrentMessageLimit < 1)
            yield return ("ConcurrentMessageLimit", $"is {ConcurrentMessageLimit}, and must be at least 1");
        if (_prefetch < Concurrency)
            yield return ("PrefetchCount", $"is {_prefetch}, and must not be smaller than ConcurrentMessageLimit ({Concurrency})");
        if (MessageLimit < 1)
            yield return ("MessageLimit", "is 0, and must be at least 1");
        if (CheckpointMessageCount < 1)
            yield return ("CheckpointMessageCount", "is 0, and must be at least 1");
        foreach (var (key, value) in new[] { ("CheckpointInterval", CheckpointInterval), ("DrainTimeout", DrainTimeout), ("StopTimeout", StopTimeout), ("StallTimeout", StallTimeout) })
        {
            if (value <= TimeSpan.Zero)
                yield return (key, $"is {value}, and must be longer than zero");
        }

        if (config.EnableAutoCommit == true || config.EnableAutoOffsetStore == true)
            yield return ("ConsumerConfig", "has EnableAutoCommit or EnableAutoOffsetStore on, which would commit records that have not ended: leave both alone");
        if (config.SessionTimeoutMs <= config.HeartbeatIntervalMs)
            yield return ("SessionTimeout", $"is {config.SessionTimeoutMs} ms, and must be longer than HeartbeatInterval ({config.HeartbeatIntervalMs} ms), three times as a rule");
        if (config.MaxPollIntervalMs < DrainTimeout.TotalMilliseconds)
            yield return ("DrainTimeout", $"is {DrainTimeout}, and must be shorter than MaxPollInterval ({config.MaxPollIntervalMs} ms): the group would give the partitions away meanwhile");
        foreach (var problem in ClientRules.ValidateCluster(config, host))
            yield return problem;
        foreach (var problem in (TopicOptions?.Validate() ?? []).Concat(Pause?.Validate() ?? []))
            yield return problem;
    }

    public ConsumerSettings Build() => new()
    {
        Name = $"{topic} ({config.GroupId})",
        Topics = [topic],
        Config = WithDefaults(config),
        Concurrency = Concurrency,
        PrefetchCount = PrefetchCount,
        MessageLimit = MessageLimit,
        CheckpointInterval = CheckpointInterval,
        CheckpointMessageCount = CheckpointMessageCount,
        DrainTimeout = DrainTimeout,
        StopTimeout = StopTimeout,
        StallTimeout = StallTimeout,
    };

    /// <summary>The rider's own defaults for what nobody has set.</summary>
    public static ConsumerConfig WithDefaults(ConsumerConfig config)
    {
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        config.AutoOffsetReset ??= Confluent.Kafka.AutoOffsetReset.Earliest;
        config.PartitionAssignmentStrategy ??= Confluent.Kafka.PartitionAssignmentStrategy.CooperativeSticky;
        config.SessionTimeoutMs ??= 10_000;
        config.HeartbeatIntervalMs ??= 3_000;

        // What librdkafka fetches ahead of the poll thread, for all partitions together; its own default is 64 MiB and 100,000 records.
        config.QueuedMaxMessagesKbytes ??= 16 * 1024;

        // How long it stops once that is full. Its own default, a second, is longer than a busy endpoint needs to empty it.
        config.FetchQueueBackoffMs ??= 20;
        return config;
    }
}
