using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Confluent.Kafka;

namespace ServiceDefaults.Kafka;

/// <summary>Section <c>Kafka</c>: the cluster, and the topics that a service creates where they are missing.</summary>
public sealed class KafkaOptions : IValidatableObject
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
    public SaslMechanism? SaslMechanism { get; set; }

    /// <summary>The login's user.</summary>
    public string? Username { get; set; }

    /// <summary>The login's password.</summary>
    [PasswordPropertyText(true)]
    public string? Password { get; set; }

    /// <summary>Whether topics that are missing are created at the start. Default true; without the right to, the start fails with the commands that would.</summary>
    public bool CreateTopics { get; set; } = true;

    /// <summary>How many partitions a created topic has: as many workers share it at most. Default 4; 1 to 1,000.</summary>
    [Range(1, 1000, ErrorMessage = "Take as many as workers may share the topic.")]
    public int Partitions { get; set; } = 4;

    /// <summary>How many replicas a created topic has; with 3, two must acknowledge. Default -1, the brokers' own; else 1 to 10.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>The largest record of a created topic, in bytes. Default 1,048,576; 10,000 to 100,000,000.</summary>
    [Range(10_000, 100_000_000, ErrorMessage = "Take more than the largest mail.")]
    public int MaxMessageBytes { get; set; } = 1_048_576;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!Array.TrueForAll(Servers, IsServer))
            yield return new ValidationResult("allowed: host:port, several with commas. Name the brokers, for example localhost:9092.", [nameof(BootstrapServers)]);
        if (SaslMechanism is not (null or Confluent.Kafka.SaslMechanism.Plain or Confluent.Kafka.SaslMechanism.ScramSha256 or Confluent.Kafka.SaslMechanism.ScramSha512))
            yield return new ValidationResult("allowed: Plain, ScramSha256, ScramSha512 or none. Use one that your brokers offer.", [nameof(SaslMechanism)]);
        if (SaslMechanism is null != string.IsNullOrEmpty(Username))
            yield return new ValidationResult($"allowed: set together with {Section}:{nameof(SaslMechanism)}. Set both, or neither.", [nameof(Username)]);
        if (ReplicationFactor is not (-1 or (>= 1 and <= 10)))
            yield return new ValidationResult("allowed: 1 to 10, or -1 for the brokers' own. Take 3 where there are three brokers.", [nameof(ReplicationFactor)]);
    }

    internal string[] Servers => BootstrapServers.Split(',', StringSplitOptions.TrimEntries);

    private static bool IsServer(string server) =>
        server.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(server.AsSpan(colon + 1), out var port) && port > 0;
}
