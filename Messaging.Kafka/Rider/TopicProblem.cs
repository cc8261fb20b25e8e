using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Messaging.Kafka;

/// <summary>What cannot be done with a topic now.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="What">What, and why.</param>
/// <param name="IsWhole">Whether nothing of it can be; else some of its partitions are well.</param>
internal sealed record TopicProblem(string Topic, string What, bool IsWhole)
{
    /// <summary>What the brokers' description of a topic says of it. No I/O.</summary>
    /// <param name="topic">What it is needed for.</param>
    /// <param name="found">The description.</param>
    /// <param name="settings">Its settings, where they are known.</param>
    public static IEnumerable<TopicProblem> Of(RequiredTopic topic, TopicDescription found, IReadOnlyDictionary<string, string>? settings)
    {
        if (found.Error.IsError)
        {
            yield return new(topic.Name, Say(topic.Name, found.Error), IsWhole: true);
            yield break;
        }

        // A cluster without an authorizer allows all.
        if (found.AuthorizedOperations is { Count: > 0 } allowed)
        {
            if (topic.Use.HasFlag(TopicUse.Read) && !allowed.Contains(AclOperation.Read))
                yield return new(topic.Name, $"READ on topic {topic.Name} is refused", IsWhole: true);
            if (topic.Use.HasFlag(TopicUse.Write) && !allowed.Contains(AclOperation.Write))
                yield return new(topic.Name, $"WRITE on topic {topic.Name} is refused", IsWhole: true);
        }

        var leaderless = found.Partitions.Where(partition => partition.Leader is null || partition.Leader.Id < 0).ToList();
        if (leaderless.Count > 0)
            yield return new(topic.Name, $"{Partitions(leaderless)} without a leader", leaderless.Count == found.Partitions.Count);
        if (!topic.Use.HasFlag(TopicUse.Write) || !int.TryParse(settings?.GetValueOrDefault(TopicRules.LeastInSync), CultureInfo.InvariantCulture, out var least))
            yield break;
        var few = found.Partitions.Except(leaderless).Where(partition => partition.ISR.Count < least).ToList();
        if (few.Count > 0)
        {
            yield return new(
                topic.Name,
                string.Create(CultureInfo.InvariantCulture, $"cannot be written: {Partitions(few)} with {few.Min(partition => partition.ISR.Count)} in-sync replicas, and {TopicRules.LeastInSync} is {least}"),
                few.Count == found.Partitions.Count);
        }
    }

    /// <summary>An error of a topic, with the operation that is refused where one is.</summary>
    public static string Say(string topic, Error error) => error.Code switch
    {
        ErrorCode.TopicAuthorizationFailed => $"DESCRIBE on topic {topic} is refused",
        ErrorCode.UnknownTopicOrPart => "is not there",
        _ => error.Reason,
    };

    private static string Partitions(List<TopicPartitionInfo> partitions) =>
        $"partition{(partitions.Count == 1 ? "" : "s")} {string.Join(", ", partitions.Select(partition => partition.Partition))}";
}
