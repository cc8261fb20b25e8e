using MassTransit;

namespace Messaging.Kafka;

/// <summary>What is done with a topic.</summary>
[Flags]
internal enum TopicUse
{
    /// <summary>Its records are read.</summary>
    Read = 1,

    /// <summary>Records are written to it.</summary>
    Write = 2,
}

/// <summary>A topic that an endpoint or a producer needs.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Options">How it is created where it is missing; null: it is not.</param>
/// <param name="Use">What is done with it.</param>
/// <param name="Like">The topic whose number of partitions and replicas it takes over, and whose largest record it must take.</param>
/// <param name="Retention">How long its records must be retained; null: for ever.</param>
/// <param name="IsDelay">Whether records wait in it until they are due.</param>
internal sealed record RequiredTopic(
    string Name, KafkaTopicOptions? Options, TopicUse Use, string? Like = null, TimeSpan? Retention = null, bool IsDelay = false)
{
    /// <summary>One need for each topic: an endpoint and a producer may have the same.</summary>
    public static List<RequiredTopic> Merge(IEnumerable<RequiredTopic> topics) =>
    [
        .. topics.GroupBy(topic => topic.Name).Select(same => same.First() with
        {
            Options = same.Select(topic => topic.Options).FirstOrDefault(options => options is not null),
            Use = same.Aggregate((TopicUse)0, (use, topic) => use | topic.Use),
        }),
    ];
}
