namespace Messaging.Kafka.Hosting;

/// <summary>Section <c>Kafka</c>: the cluster, and the topics that a service creates where they are missing.</summary>
public sealed class KafkaOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Kafka";

    /// <summary>Bootstrap servers, <c>host:port</c>, several with commas. Default <c>localhost:9092</c>.</summary>
    public string BootstrapServers { get; set; } = "localhost:9092";

    /// <summary>Whether the connection uses TLS. Default false.</summary>
    public bool UseTls { get; set; }

    /// <summary>The PEM file of the authorities that the brokers' certificates are checked against; none means the system's.</summary>
    public string? CaLocation { get; set; }

    /// <summary>The SASL mechanism: <c>Plain</c>, <c>ScramSha256</c> or <c>ScramSha512</c>; none means no login.</summary>
    public Confluent.Kafka.SaslMechanism? SaslMechanism { get; set; }

    /// <summary>The login's user.</summary>
    public string? Username { get; set; }

    /// <summary>The login's password.</summary>
    public string? Password { get; set; }

    /// <summary>Whether topics that are missing are created at the start. Default true; without the right to, the start fails with the commands that would.</summary>
    public bool CreateTopics { get; set; } = true;

    /// <summary>How many partitions a created topic has: as many workers share it at most. Default 4; 1 to 1,000.</summary>
    public int Partitions { get; set; } = 4;

    /// <summary>How many replicas a created topic has; with 3, two must acknowledge. Default -1, the brokers' own; else 1 to 10.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>The largest record of a created topic, in bytes. Default 1,048,576; 10,000 to 100,000,000.</summary>
    public int MaxMessageBytes { get; set; } = 1_048_576;
}
