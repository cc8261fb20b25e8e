using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Confluent.Kafka;

namespace ServiceDefaults.Kafka;

/// <summary>Section <c>Kafka</c>: the cluster, how to log in, what topics and groups are called, and how those are created that are missing.</summary>
public sealed class KafkaOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Kafka";

    /// <summary>Bootstrap servers, <c>host:port</c>, several with commas. Default <c>localhost:9092</c>.</summary>
    public string BootstrapServers { get; set; } = "localhost:9092";

    /// <summary>What the service calls itself to the brokers, which count quotas by it. Default: the program's name, so that API and worker differ.</summary>
    public string? ClientId { get; set; }

    /// <summary>Whether the connection uses TLS. Default false.</summary>
    public bool UseTls { get; set; }

    /// <summary>The PEM file of the authorities that the brokers' certificates are checked against; none means the system's.</summary>
    public string? CaLocation { get; set; }

    /// <summary>The PEM file of the client's certificate, for brokers that ask for one (mutual TLS).</summary>
    public string? CertificateLocation { get; set; }

    /// <summary>The PEM file of its private key.</summary>
    public string? KeyLocation { get; set; }

    /// <summary>The private key's password, where it has one.</summary>
    [PasswordPropertyText(true)]
    public string? KeyPassword { get; set; }

    /// <summary>The file that holds <see cref="KeyPassword"/>.</summary>
    public string? KeyPasswordFile { get; set; }

    /// <summary>The SASL mechanism: <c>Plain</c>, <c>ScramSha256</c>, <c>ScramSha512</c>, <c>OAuthBearer</c> or <c>Gssapi</c>; none means no login.</summary>
    public SaslMechanism? SaslMechanism { get; set; }

    /// <summary>The user of <c>Plain</c> and <c>Scram…</c>.</summary>
    public string? Username { get; set; }

    /// <summary>The user's password.</summary>
    [PasswordPropertyText(true)]
    public string? Password { get; set; }

    /// <summary>The file that holds <see cref="Password"/>; read again when the brokers refuse the login.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>Where <c>OAuthBearer</c> gets its tokens, by client credentials (RFC 6749 section 4.4).</summary>
    public string? OAuthTokenEndpoint { get; set; }

    /// <summary>The client's id at the token endpoint.</summary>
    public string? OAuthClientId { get; set; }

    /// <summary>The client's secret there.</summary>
    [PasswordPropertyText(true)]
    public string? OAuthClientSecret { get; set; }

    /// <summary>The file that holds <see cref="OAuthClientSecret"/>.</summary>
    public string? OAuthClientSecretFile { get; set; }

    /// <summary>The scope that is asked for; none where the endpoint needs none.</summary>
    public string? OAuthScope { get; set; }

    /// <summary>The name of the brokers' Kerberos service, for <c>Gssapi</c>. Default: kafka.</summary>
    public string? KerberosServiceName { get; set; }

    /// <summary>The client's Kerberos principal.</summary>
    public string? KerberosPrincipal { get; set; }

    /// <summary>The keytab file of the principal.</summary>
    public string? KerberosKeytab { get; set; }

    /// <summary>Any other setting of librdkafka, by its own name, for all clients: <c>Kafka:Client:socket.keepalive.enable</c>.</summary>
    public IReadOnlyDictionary<string, string> Client { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Stands before the name of every topic. Default: nothing.</summary>
    public string TopicPrefix { get; set; } = "";

    /// <summary>Stands before the name of every consumer group. Default: nothing.</summary>
    public string GroupPrefix { get; set; } = "";

    /// <summary>
    /// The name of this installation, the same in all of its services. Where it is set, the API writes it into its records, and the
    /// worker sends no record that has another one. Default: none, and nothing is compared.
    /// </summary>
    public string? Installation { get; set; }

    /// <summary>Whether topics that are missing are created at the start. Default true; without the right to, the start fails with the commands that would.</summary>
    public bool CreateTopics { get; set; } = true;

    /// <summary>How many partitions a created topic has: as many workers share it at most. Default 4; 1 to 1,000.</summary>
    [Range(1, 1000, ErrorMessage = "Take as many as workers may share the topic.")]
    public int Partitions { get; set; } = 4;

    /// <summary>How many replicas a created topic has; with 3, two must acknowledge. Default -1, the brokers' own; else 1 to 10.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>
    /// How long a created topic retains records, and how long one that was there must for health not to be degraded: what nobody has read by
    /// then is lost. Delay topics have times of their own. Default: null, for ever; else 1 hour to 10 years.
    /// </summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00", ErrorMessage = "Leave it out to retain them for ever: a mail that waits longer, as in an outage, is deleted unread.")]
    public TimeSpan? Retention { get; set; }

    /// <summary>The largest record of a created topic, in bytes. Default 1,048,576; 10,000 to 100,000,000.</summary>
    [Range(10_000, 100_000_000, ErrorMessage = "Take more than the largest mail.")]
    public int MaxMessageBytes { get; set; } = 1_048_576;

    /// <summary>The password as it is now.</summary>
    internal string? CurrentPassword => Configuration.SecretFile.Current(Password, PasswordFile);

    internal string[] Servers => BootstrapServers.Split(',', StringSplitOptions.TrimEntries);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        KafkaRules.Validate(this).Select(error => new ValidationResult(error.Message, [error.Key]));
}
