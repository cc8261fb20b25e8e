namespace MassTransit;

/// <summary>How a topic is created where it is missing. A topic that is there is left as it is.</summary>
public sealed class KafkaTopicOptions
{
    /// <summary>The number of partitions. Default: 1. Delay and dead-letter topics get as many as their topic has.</summary>
    public int NumPartitions { get; set; } = 1;

    /// <summary>The number of replicas; with three or more, <c>min.insync.replicas</c> is 2. Default: the brokers' own.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>
    /// How long the brokers retain records; null for ever, so that nothing that waits is ever deleted unread. Default: null. Delay
    /// topics retain theirs for twice their delay and 7 days at least.
    /// </summary>
    public TimeSpan? Retention { get; set; }

    /// <summary>The largest record, in bytes (<c>max.message.bytes</c>). Default: 1,048,576. Delay and dead-letter topics take 64 KiB more, for headers.</summary>
    public int MaxMessageBytes { get; set; } = 1_048_576;

    /// <summary>How long the brokers may take. Default: 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    internal static KafkaTopicOptions Configured(Action<KafkaTopicOptions>? configure)
    {
        var options = new KafkaTopicOptions();
        configure?.Invoke(options);
        return options;
    }

    internal IEnumerable<(string Key, string Message)> Validate()
    {
        if (NumPartitions < 1)
            yield return ("CreateIfMissing.NumPartitions", $"is {NumPartitions}, and must be at least 1");
        if (ReplicationFactor is 0 or < -1)
            yield return ("CreateIfMissing.ReplicationFactor", $"is {ReplicationFactor}, and must be at least 1, or -1 for the brokers' own");
        if (Retention <= TimeSpan.Zero)
            yield return ("CreateIfMissing.Retention", $"is {Retention}, and must be longer than zero, or null for ever");
        if (MaxMessageBytes < 1024)
            yield return ("CreateIfMissing.MaxMessageBytes", $"is {MaxMessageBytes}, and must be at least 1024");
        if (RequestTimeout <= TimeSpan.Zero)
            yield return ("CreateIfMissing.RequestTimeout", $"is {RequestTimeout}, and must be longer than zero");
    }
}
