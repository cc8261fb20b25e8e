using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Messaging.Kafka;

/// <summary>Asks the brokers about topics. No question creates one: topics are asked for by name only in requests that say so.</summary>
internal sealed class TopicDescriber(ClusterMonitor cluster)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>All topics that may be described, and the brokers.</summary>
    /// <exception cref="KafkaException">The cluster does not answer.</exception>
    public Task<Metadata> ReadMetadata() => cluster.AskBlockingAsync(admin => ClusterMonitor.AskForBrokers(admin, Timeout));

    /// <summary>Whether the cluster can describe topics: librdkafka's mock cluster cannot, and only says so when it is asked for settings.</summary>
    /// <exception cref="KafkaException">The cluster does not answer.</exception>
    public Task<bool> CanDescribe(Metadata metadata) =>
        cluster.AskAsync(admin => ResourceSettings.AreThereAsync(admin, metadata.Brokers[0].BrokerId, Timeout), Timeout);

    /// <summary>Topics by name, those that are missing or refused with their error.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public async Task<List<TopicDescription>> Describe(IEnumerable<string> topics)
    {
        try
        {
            var result = await cluster.AskAsync(
                admin => admin.DescribeTopicsAsync(
                    TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = Timeout, IncludeAuthorizedOperations = true }),
                Timeout);
            return result.TopicDescriptions;
        }
        catch (DescribeTopicsException exception)
        {
            return exception.Results.TopicDescriptions;
        }
    }

    /// <summary>The settings of topics; those that may not be read are not among them.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public Task<Dictionary<string, IReadOnlyDictionary<string, string>>> Settings(IEnumerable<string> topics) =>
        Settings(topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic }));

    /// <summary>How many replicas a topic gets where nobody says how many; null where that may not be known.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public async Task<short?> DefaultReplicas(Metadata metadata)
    {
        var broker = ResourceSettings.OfBroker(metadata.Brokers[0].BrokerId);
        var settings = await Settings([broker]);
        return short.TryParse(settings.GetValueOrDefault(broker.Name)?.GetValueOrDefault("default.replication.factor"), System.Globalization.CultureInfo.InvariantCulture, out var replicas)
            ? replicas
            : null;
    }

    private Task<Dictionary<string, IReadOnlyDictionary<string, string>>> Settings(IEnumerable<ConfigResource> resources) =>
        cluster.AskAsync(admin => ResourceSettings.ReadAsync(admin, resources, Timeout), Timeout);
}
