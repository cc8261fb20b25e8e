using Confluent.Kafka;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Configuration;

/// <summary>What the settings of a topic's consumer may be. No I/O.</summary>
internal static class ConsumerRules
{
    /// <summary>What librdkafka refuses beside <c>group.protocol=consumer</c>.</summary>
    private static readonly string[] ClassicSettings = [ConsumerSettings.AssignmentStrategy, "session.timeout.ms", "heartbeat.interval.ms", "group.protocol.type"];

    /// <summary>What is wrong: key, and what it is, what is allowed and how to fix it.</summary>
    public static IEnumerable<(string Key, string Message)> Validate(ConsumerSettings settings, ClientConfig host)
    {
        var config = settings.Config;
        if (TopicNames.ProblemToRead(settings.Topics[0]) is { } wrongName)
            yield return ("Topic", wrongName);
        if (string.IsNullOrWhiteSpace(config.GroupId))
            yield return ("GroupId", "is empty: name the consumer group");
        if (settings.Concurrency < 1)
            yield return ("ConcurrentMessageLimit", $"is {settings.Concurrency}, and must be at least 1");
        if (settings.PrefetchCount < settings.Concurrency)
            yield return ("PrefetchCount", $"is {settings.PrefetchCount}, and must not be smaller than ConcurrentMessageLimit ({settings.Concurrency})");
        if (settings.MessageLimit < 1)
            yield return ("MessageLimit", "is 0, and must be at least 1");
        if (settings.CheckpointMessageCount < 1)
            yield return ("CheckpointMessageCount", "is 0, and must be at least 1");
        foreach (var (key, value) in new[]
        {
            ("CheckpointInterval", settings.CheckpointInterval), ("DrainTimeout", settings.DrainTimeout),
            ("StopTimeout", settings.StopTimeout), ("StallTimeout", settings.StallTimeout), ("RequiredRetention", settings.RequiredRetention ?? TimeSpan.MaxValue),
        })
        {
            if (value <= TimeSpan.Zero)
                yield return (key, $"is {value}, and must be longer than zero");
        }

        if (config.EnableAutoCommit == true || config.EnableAutoOffsetStore == true)
            yield return ("ConsumerConfig", "has EnableAutoCommit or EnableAutoOffsetStore on, which would commit records that are not completed: leave both alone");
        if (ConsumerSettings.FollowsBrokers(config, host))
        {
            foreach (var name in ClassicSettings.Where(name => config.Get(name) is not null))
                yield return ("ConsumerConfig", $"has {name} beside group.protocol=consumer, where the brokers decide (group.consumer.* of broker and group): leave it out");
        }

        if (config.SessionTimeoutMs <= config.HeartbeatIntervalMs)
            yield return ("SessionTimeout", $"is {config.SessionTimeoutMs} ms, and must be longer than HeartbeatInterval ({config.HeartbeatIntervalMs} ms), three times as a rule");
        if (config.MaxPollIntervalMs < settings.DrainTimeout.TotalMilliseconds)
            yield return ("DrainTimeout", $"is {settings.DrainTimeout}, and must be shorter than MaxPollInterval ({config.MaxPollIntervalMs} ms): the group would assign the partitions to others meanwhile");
        foreach (var problem in ClientRules.ValidateCluster(config, host).Concat(settings.NewTopic?.Validate() ?? []).Concat(settings.Pause?.Validate() ?? []))
            yield return problem;
    }
}
