using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>What a consumer reads and within which bounds. The defaults of the public options stand here, once.</summary>
internal sealed class ConsumerSettings
{
    /// <summary>How many records of a partition may lie at or above its watermark.</summary>
    public const int DefaultMessageLimit = 10_000;

    /// <summary>How many records may have ended before the offsets are committed.</summary>
    public const int DefaultCheckpointMessageCount = 5_000;

    /// <summary>How many bytes of records are held in memory at the most.</summary>
    public const long DefaultPrefetchBytes = 64 * 1024 * 1024;

    /// <summary>How long the offsets of ended records may wait for their commit.</summary>
    public static readonly TimeSpan DefaultCheckpointInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a revoked partition's running handlers may take to end.</summary>
    public static readonly TimeSpan DefaultDrainTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a stop waits for running handlers.</summary>
    public static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long lag may stand still before it is reported.</summary>
    public static readonly TimeSpan DefaultStallTimeout = TimeSpan.FromMinutes(5);

    public required string Name { get; init; }

    public required IReadOnlyList<string> Topics { get; init; }

    public required ConsumerConfig Config { get; init; }

    public required int Concurrency { get; init; }

    public required int PrefetchCount { get; init; }

    public long PrefetchBytes { get; init; } = DefaultPrefetchBytes;

    public int MessageLimit { get; init; } = DefaultMessageLimit;

    public int CheckpointMessageCount { get; init; } = DefaultCheckpointMessageCount;

    public TimeSpan CheckpointInterval { get; init; } = DefaultCheckpointInterval;

    public TimeSpan DrainTimeout { get; init; } = DefaultDrainTimeout;

    public TimeSpan StopTimeout { get; init; } = DefaultStopTimeout;

    public TimeSpan StallTimeout { get; init; } = DefaultStallTimeout;

    public string Group => Config.GroupId;
}
