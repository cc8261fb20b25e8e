using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <summary>Makes the settings of a client without a rider, as what stands in <see cref="Inspection"/> takes them.</summary>
public static class KafkaClientConfig
{
    /// <summary>The settings for a cluster, checked by the same rules as a rider's.</summary>
    /// <param name="servers">The bootstrap servers, each <c>host:port</c>.</param>
    /// <param name="configure">TLS and login.</param>
    /// <exception cref="ConfigurationException">They contradict each other.</exception>
    public static ClientConfig Create(IReadOnlyList<string> servers, Action<IKafkaHostConfigurator>? configure = null)
    {
        var config = new HostClientConfig();
        var host = new KafkaHostConfigurator(config);
        host.Configure(servers, configure);
        return host.Validate(refreshesTokens: false).ToList() is [var (key, message), ..] ? throw new ConfigurationException($"Kafka: {key} {message}") : config;
    }
}
