using System.Globalization;
using Confluent.Kafka;

namespace InMemoryKafka;

/// <summary>
/// librdkafka's mock cluster with one broker, listening on a port of the loopback for librdkafka clients of any process:
/// topics, consumer groups and their commits are in memory and end with it. It keeps about 5 MB a partition,
/// and does not answer Apache's own tools.
/// </summary>
public sealed class InMemoryCluster : IDisposable
{
    /// <summary>How many partitions every topic has; the mock cluster offers no other number.</summary>
    public const int PartitionsPerTopic = 4;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    // The client that was asked for a mock cluster owns it: the cluster lives as long as this handle.
    private readonly IAdminClient _owner;

    private InMemoryCluster(IAdminClient owner, string bootstrapServers)
    {
        _owner = owner;
        BootstrapServers = bootstrapServers;
    }

    /// <summary>The address, such as <c>127.0.0.1:40123</c>.</summary>
    public string BootstrapServers { get; }

    /// <summary>Starts a cluster on a free port.</summary>
    /// <exception cref="KafkaException">The cluster does not answer.</exception>
    public static InMemoryCluster Start()
    {
        var config = new AdminClientConfig();
        config.Set("test.mock.num.brokers", "1");
        // librdkafka notes at each start that it mocks; whoever starts this class knows.
        var owner = new AdminClientBuilder(config).SetLogHandler((_, _) => { }).Build();
        try
        {
            var broker = owner.GetMetadata(Deadline).Brokers.Single();
            return new InMemoryCluster(owner, string.Create(CultureInfo.InvariantCulture, $"{broker.Host}:{broker.Port}"));
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    /// <summary>Makes a topic. The mock cluster does that when the metadata of a topic is asked for; it has no other way.</summary>
    /// <exception cref="KafkaException">The name is not a topic's, or the cluster does not answer.</exception>
    public void CreateTopic(string name)
    {
        var topic = _owner.GetMetadata(name, Deadline).Topics.Single();
        if (topic.Error.IsError)
            throw new KafkaException(topic.Error);
    }

    /// <inheritdoc/>
    public void Dispose() => _owner.Dispose();
}
