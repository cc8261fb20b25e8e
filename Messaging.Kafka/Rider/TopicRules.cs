using System.Globalization;

namespace Messaging.Kafka;

/// <summary>A topic as it is.</summary>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="Replicas">How many replicas the partition with the fewest has.</param>
/// <param name="Settings">Its settings; null where they may not be read.</param>
internal sealed record TopicState(int Partitions, int Replicas, IReadOnlyDictionary<string, string>? Settings);

/// <summary>Something about a topic that breaks, or may break, what the rider promises.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Setting">What is not right.</param>
/// <param name="Value">Its value.</param>
/// <param name="Wanted">What it should be.</param>
/// <param name="Why">What happens otherwise.</param>
/// <param name="Fix">The command that sets it.</param>
/// <param name="IsRefused">Whether the topic cannot be used so.</param>
internal sealed record TopicFinding(string Topic, string Setting, string Value, string Wanted, string Why, string Fix, bool IsRefused = false)
{
    /// <summary>All of it, for the log and for health.</summary>
    public string Text => $"{Setting} is {Value}, and should be {Wanted}: {Why}. {Fix}";
}

/// <summary>What a topic's settings must be for the rider's promises to hold. No I/O.</summary>
internal static class TopicRules
{
    public const string CleanupPolicy = "cleanup.policy";
    public const string RetentionTime = "retention.ms";
    public const string RetentionBytes = "retention.bytes";
    public const string LargestRecord = "max.message.bytes";
    public const string LeastInSync = "min.insync.replicas";
    public const string UncleanElection = "unclean.leader.election.enable";
    public const string TimestampType = "message.timestamp.type";

    /// <summary>The settings of a topic that is created here: the cluster's own may delete what nobody has read.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="replicas">How many replicas it gets; null where that is not known.</param>
    public static Dictionary<string, string> ForNew(RequiredTopic topic, int? replicas)
    {
        var settings = new Dictionary<string, string>
        {
            [CleanupPolicy] = "delete",
            [RetentionTime] = Milliseconds(topic.Options?.Retention),
            [RetentionBytes] = "-1",
            [LargestRecord] = Invariant(topic.Options?.MaxMessageBytes ?? new MassTransit.KafkaTopicOptions().MaxMessageBytes),
            [UncleanElection] = "false",
        };
        // More than there are replicas, and nothing can be written.
        if (replicas is { } count)
            settings[LeastInSync] = count >= 3 ? "2" : "1";
        // A delay ends by the clock that wrote it: the broker's may be another.
        if (topic.IsDelay)
            settings[TimestampType] = "CreateTime";
        return settings;
    }

    /// <summary>What is not right with a topic.</summary>
    /// <param name="topic">What it is needed for.</param>
    /// <param name="state">How it is.</param>
    /// <param name="like">How the topic is that it must be like; null where that is not known.</param>
    /// <param name="brokers">How many brokers there are.</param>
    public static IEnumerable<TopicFinding> Judge(RequiredTopic topic, TopicState state, TopicState? like, int brokers)
    {
        foreach (var finding in JudgeSettings(topic, state, like))
            yield return finding;

        if (state.Replicas == 1 && brokers > 1)
        {
            yield return new(topic.Name, "the number of replicas", "1", brokers >= 3 ? "3" : "2", "its records are lost with their broker's disk",
                "Raise it by kafka-reassign-partitions.sh");
        }

        if (like is not null && like.Partitions != state.Partitions)
        {
            yield return new(topic.Name, "the number of partitions", Invariant(state.Partitions), $"{Invariant(like.Partitions)}, as many as {topic.Like} has",
                "its records are spread over other partitions than those of their topic",
                state.Partitions < like.Partitions
                    ? $"kafka-topics.sh --bootstrap-server <server> --alter --topic {topic.Name} --partitions {Invariant(like.Partitions)}"
                    : $"Raise those of {topic.Like}, or make {topic.Name} anew when it is empty");
        }
    }

    /// <summary>What of a topic, that was there already, is otherwise than it is configured to be created; as texts for the log.</summary>
    public static IEnumerable<string> Deviations(RequiredTopic topic, TopicState state)
    {
        if (topic.Options is not { } options)
            yield break;
        if (topic.Like is null && state.Partitions != options.NumPartitions)
            yield return $"{Invariant(state.Partitions)} partitions, configured are {Invariant(options.NumPartitions)}";
        if (options.ReplicationFactor > 0 && state.Replicas != options.ReplicationFactor)
            yield return $"{Invariant(state.Replicas)} replicas, configured are {Invariant(options.ReplicationFactor)}";
        foreach (var (setting, configured) in ForNew(topic, state.Replicas))
        {
            if (state.Settings?.GetValueOrDefault(setting) is { } value && value != configured)
                yield return $"{setting}={value}, configured is {configured}";
        }
    }

    private static IEnumerable<TopicFinding> JudgeSettings(RequiredTopic topic, TopicState state, TopicState? like)
    {
        if (state.Settings is not { } settings)
            yield break;
        if (settings.GetValueOrDefault(CleanupPolicy) is { } policy && policy.Contains("compact", StringComparison.Ordinal))
            yield return Wrong(topic, CleanupPolicy, policy, "delete", "compaction deletes records of a key that has newer ones, read or not", isRefused: true);
        if (Number(settings, RetentionTime) is { } time and >= 0 && (topic.Retention is not { } wanted || time < wanted.TotalMilliseconds))
            yield return Wrong(topic, RetentionTime, Invariant(time), Milliseconds(topic.Retention), "records that wait longer are deleted unread");
        if (Number(settings, RetentionBytes) is { } bytes and >= 0)
            yield return Wrong(topic, RetentionBytes, Invariant(bytes), "-1", "records are deleted unread once the partition is larger");
        if (state.Replicas >= 3 && Number(settings, LeastInSync) is { } least and < 2)
            yield return Wrong(topic, LeastInSync, Invariant(least), "2", "a record counts as written that one broker alone has");
        if (state.Replicas > 1 && settings.GetValueOrDefault(UncleanElection) == "true")
            yield return Wrong(topic, UncleanElection, "true", "false", "a replica that is behind may become the leader, and what it has not got is lost");
        if (topic.IsDelay && settings.GetValueOrDefault(TimestampType) == "LogAppendTime")
            yield return Wrong(topic, TimestampType, "LogAppendTime", "CreateTime", "the broker's clock then tells when a record began to wait");
        if (Number(settings, LargestRecord) is { } largest && Number(like?.Settings, LargestRecord) is { } source && largest < source)
            yield return Wrong(topic, LargestRecord, Invariant(largest), $"{Invariant(source)} at least, as of {topic.Like}", "what its topic takes may be too large for it", Invariant(source));
    }

    private static TopicFinding Wrong(RequiredTopic topic, string setting, string value, string wanted, string why, string? set = null, bool isRefused = false) => new(
        topic.Name, setting, value, wanted, why,
        $"kafka-configs.sh --bootstrap-server <server> --alter --entity-type topics --entity-name {topic.Name} --add-config {setting}={set ?? wanted}", isRefused);

    private static long? Number(IReadOnlyDictionary<string, string>? settings, string name) =>
        long.TryParse(settings?.GetValueOrDefault(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Milliseconds(TimeSpan? time) => time is { } some ? Invariant((long)some.TotalMilliseconds) : "-1";

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
