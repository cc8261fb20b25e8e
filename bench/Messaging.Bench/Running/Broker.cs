using Confluent.Kafka;
using DotNet.Testcontainers.Configurations;
using Testcontainers.Kafka;

namespace Messaging.Bench.Running;

/// <summary>The real broker that is measured on: the one that <c>KAFKA_BOOTSTRAP_SERVERS</c> names, else a container of this run.</summary>
internal sealed class Broker : IAsyncDisposable
{
    /// <summary>The image; the same as in docker-compose.yml.</summary>
    private const string Image = "apache/kafka:4.3.1";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly KafkaContainer? _container;

    private Broker(string bootstrapServers, string description, KafkaContainer? container)
    {
        BootstrapServers = bootstrapServers;
        Description = description;
        _container = container;
    }

    public string BootstrapServers { get; }

    /// <summary>What it is, for the head of a report.</summary>
    public string Description { get; }

    /// <summary>Finds or starts it.</summary>
    /// <exception cref="NoServerException">There is none, or it is not a real one.</exception>
    public static async Task<Broker> FindAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP_SERVERS") is { Length: > 0 } named)
            return new Broker(named, await DescribeAsync(named, "named by KAFKA_BOOTSTRAP_SERVERS"), null);
        if (TestcontainersSettings.OS.DockerEndpointAuthConfig is null)
            throw new NoServerException("a benchmark needs a real broker: name one in KAFKA_BOOTSTRAP_SERVERS, or start a Docker engine");

        var container = new KafkaBuilder(Image).Build();
        await container.StartAsync(cancellationToken);
        var address = container.GetBootstrapAddress().Replace("plaintext://", "", StringComparison.OrdinalIgnoreCase).TrimEnd('/');
        return new Broker(address, await DescribeAsync(address, Image), container);
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
            await _container.DisposeAsync();
    }

    /// <summary>librdkafka's in-memory cluster answers metadata but cannot describe itself.</summary>
    private static async Task<string> DescribeAsync(string bootstrapServers, string origin)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers }).SetLogHandler((_, _) => { }).Build();
        try
        {
            var cluster = await admin.DescribeClusterAsync(new() { RequestTimeout = Timeout });
            var version = await KafkaVersion.OfAsync(bootstrapServers);
            return $"{version}, {cluster.Nodes.Count} broker(s), {origin}";
        }
        catch (KafkaException exception)
        {
            throw new NoServerException($"no real broker answers at {bootstrapServers}: {exception.Error.Reason}");
        }
    }
}
