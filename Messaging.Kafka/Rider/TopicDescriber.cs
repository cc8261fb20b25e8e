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
    public async Task<bool> CanDescribe(Metadata metadata)
    {
        try
        {
            await DefaultReplicas(metadata);
            return true;
        }
        catch (KafkaException exception) when (exception.Error.Code == ErrorCode.Local_UnsupportedFeature)
        {
            return false;
        }
    }

    /// <summary>Topics by name, those that are missing or refused with their error.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public async Task<List<TopicDescription>> Describe(IEnumerable<string> topics)
    {
        try
        {
            var result = await cluster.AskAsync(admin => admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = Timeout, IncludeAuthorizedOperations = true }));
            return result.TopicDescriptions;
        }
        catch (DescribeTopicsException exception)
        {
            return exception.Results.TopicDescriptions;
        }
    }

    /// <summary>The settings of topics; those that may not be read are not among them.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> Settings(IEnumerable<string> topics) =>
        await Settings(topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic }));

    /// <summary>How many replicas a topic gets where nobody says how many; null where that may not be known.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public async Task<short?> DefaultReplicas(Metadata metadata)
    {
        var broker = metadata.Brokers[0].BrokerId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var settings = await Settings([new ConfigResource { Type = ResourceType.Broker, Name = broker }]);
        return short.TryParse(settings.GetValueOrDefault(broker)?.GetValueOrDefault("default.replication.factor"), System.Globalization.CultureInfo.InvariantCulture, out var replicas)
            ? replicas
            : null;
    }

    private async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> Settings(IEnumerable<ConfigResource> resources)
    {
        IEnumerable<(ConfigResource Resource, Dictionary<string, ConfigEntryResult> Entries)> found;
        try
        {
            var results = await cluster.AskAsync(admin => admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = Timeout }));
            found = results.Select(result => (result.ConfigResource, result.Entries));
        }
        catch (DescribeConfigsException exception)
        {
            found = exception.Results.Where(result => !result.Error.IsError).Select(result => (result.ConfigResource, result.Entries));
        }

        return found.ToDictionary(
            result => result.Resource.Name,
            IReadOnlyDictionary<string, string> (result) => result.Entries.Where(entry => entry.Value.Value is not null).ToDictionary(entry => entry.Key, entry => entry.Value.Value));
    }
}
