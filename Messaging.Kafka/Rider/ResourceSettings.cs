using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Messaging.Kafka;

/// <summary>Reads the settings of topics and brokers.</summary>
internal static class ResourceSettings
{
    /// <summary>The settings by the resource's name; resources whose settings may not be read are not among them.</summary>
    /// <exception cref="KafkaException">The cluster does not answer, or cannot: librdkafka's mock cluster.</exception>
    public static async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> ReadAsync(
        IAdminClient admin, IEnumerable<ConfigResource> resources, TimeSpan timeout)
    {
        IEnumerable<(ConfigResource Resource, Dictionary<string, ConfigEntryResult> Entries)> found;
        try
        {
            var results = await admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = timeout });
            found = results.Select(result => (result.ConfigResource, result.Entries));
        }
        // A topic that its broker does not know yet, or an answer that is late, refuses nothing: whoever asks asks again.
        catch (DescribeConfigsException exception) when (exception.Results.TrueForAll(result => !result.Error.IsError || IsRefusal(result.Error)))
        {
            found = exception.Results.Where(result => !result.Error.IsError).Select(result => (result.ConfigResource, result.Entries));
        }

        return found.ToDictionary(
            result => result.Resource.Name,
            IReadOnlyDictionary<string, string> (result) => result.Entries.Where(entry => entry.Value.Value is not null).ToDictionary(entry => entry.Key, entry => entry.Value.Value));
    }

    /// <summary>Whether the cluster has settings to read: librdkafka's mock cluster has none, and says so at once.</summary>
    /// <exception cref="KafkaException">The cluster does not answer.</exception>
    public static async Task<bool> AreThereAsync(IAdminClient admin, int broker, TimeSpan timeout)
    {
        try
        {
            await ReadAsync(admin, [OfBroker(broker)], timeout);
            return true;
        }
        catch (KafkaException exception) when (exception.Error.Code == ErrorCode.Local_UnsupportedFeature)
        {
            return false;
        }
    }

    private static bool IsRefusal(Error error) => error.Code is ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed;

    /// <summary>A broker, as settings are asked for.</summary>
    public static ConfigResource OfBroker(int broker) => new() { Type = ResourceType.Broker, Name = broker.ToString(CultureInfo.InvariantCulture) };
}
