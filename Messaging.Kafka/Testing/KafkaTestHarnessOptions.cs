namespace MassTransit;

/// <summary>Which topics a test finds when its harness starts.</summary>
public class KafkaTestHarnessOptions
{
    /// <summary>How many partitions a created topic has. Default: 1.</summary>
    public int Partitions { get; set; } = 1;

    /// <summary>How many replicas a created topic has. Default: 1.</summary>
    public short Replicas { get; set; } = 1;

    /// <summary>The topics. Their dead-letter topics (<c>.dlt</c>) come along. Default: none.</summary>
    public IReadOnlyList<string> TopicNames { get; set; } = [];

    /// <summary>Whether those that are missing are created. Default: false.</summary>
    public bool CreateTopicsIfNotExists { get; set; }

    /// <summary>Whether those that are there are deleted first, with their records. Default: false.</summary>
    public bool CleanTopicsOnStart { get; set; }
}
