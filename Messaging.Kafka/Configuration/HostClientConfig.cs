using Confluent.Kafka;

namespace Messaging.Kafka.Configuration;

/// <summary>The settings of a cluster's clients, with what librdkafka has no setting for.</summary>
internal sealed class HostClientConfig : ClientConfig
{
    public HostClientConfig()
    {
    }

    /// <param name="config">The settings to begin with.</param>
    public HostClientConfig(ClientConfig config)
        : base(config)
    {
    }

    /// <inheritdoc cref="MassTransit.IKafkaSaslConfigurator.PasswordProvider"/>
    public Func<string?>? Password { get; set; }

    /// <inheritdoc cref="MassTransit.IKafkaHostConfigurator.ExplainRefusal"/>
    public Func<string, string?>? ExplainRefusal { get; set; }

    /// <summary>Settings that go over those that the rider sets by default.</summary>
    public Dictionary<string, string> Overrides { get; } = [];
}
