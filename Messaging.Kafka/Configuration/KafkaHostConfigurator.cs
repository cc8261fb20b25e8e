using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <summary>Gathers how the cluster is reached and checks it.</summary>
internal sealed class KafkaHostConfigurator(ClientConfig config) : IKafkaHostConfigurator, IKafkaSaslConfigurator, IKafkaSslConfigurator
{
    private bool _sasl;
    private bool _ssl;
    private int _hosts;

    public SaslMechanism? Mechanism
    {
        set => config.SaslMechanism = value;
    }

    public string? Username
    {
        set => config.SaslUsername = value;
    }

    public string? Password
    {
        set => config.SaslPassword = value;
    }

    public string? OauthbearerConfig
    {
        set => config.SaslOauthbearerConfig = value;
    }

    public string? CaLocation
    {
        set => config.SslCaLocation = value;
    }

    public string? CertificateLocation
    {
        set => config.SslCertificateLocation = value;
    }

    public string? KeyLocation
    {
        set => config.SslKeyLocation = value;
    }

    public string? KeyPassword
    {
        set => config.SslKeyPassword = value;
    }

    public string? KeystoreLocation
    {
        set => config.SslKeystoreLocation = value;
    }

    public string? KeystorePassword
    {
        set => config.SslKeystorePassword = value;
    }

    public bool? EnableCertificateVerification
    {
        set => config.EnableSslCertificateVerification = value;
    }

    public SslEndpointIdentificationAlgorithm? EndpointIdentificationAlgorithm
    {
        set => config.SslEndpointIdentificationAlgorithm = value;
    }

    public void Configure(IReadOnlyList<string> servers, Action<IKafkaHostConfigurator>? configure)
    {
        _hosts++;
        config.BootstrapServers = string.Join(',', servers);
        configure?.Invoke(this);
        if (_sasl || _ssl)
            config.SecurityProtocol = (_sasl, _ssl) switch { (true, true) => SecurityProtocol.SaslSsl, (true, _) => SecurityProtocol.SaslPlaintext, _ => SecurityProtocol.Ssl };
    }

    public void UseSasl(Action<IKafkaSaslConfigurator> configure)
    {
        _sasl = true;
        configure(this);
    }

    public void UseSsl(Action<IKafkaSslConfigurator>? configure = null)
    {
        _ssl = true;
        configure?.Invoke(this);
    }

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (string.IsNullOrWhiteSpace(config.BootstrapServers))
            yield return ("Host", "is missing: name the bootstrap servers, as in Host(\"localhost:9092\")");
        if (_hosts > 1)
            yield return ("Host", "is configured more than once: a rider has one cluster");
        if (_sasl && config.SaslMechanism is null)
            yield return ("UseSasl.Mechanism", "is missing: set Plain, ScramSha256, ScramSha512, OAuthBearer or Gssapi");
        if (config.SaslMechanism is SaslMechanism.Plain or SaslMechanism.ScramSha256 or SaslMechanism.ScramSha512
            && (string.IsNullOrEmpty(config.SaslUsername) || string.IsNullOrEmpty(config.SaslPassword)))
        {
            yield return ("UseSasl", $"has no user or no password, and {config.SaslMechanism} needs both");
        }

        if (config.SaslMechanism is not null && config.SecurityProtocol is not (SecurityProtocol.SaslSsl or SecurityProtocol.SaslPlaintext))
            yield return ("UseSasl", $"names a mechanism, but the protocol is {config.SecurityProtocol?.ToString() ?? "Plaintext"}: configure SASL by UseSasl");
        if (string.IsNullOrEmpty(config.SslCertificateLocation) != string.IsNullOrEmpty(config.SslKeyLocation))
            yield return ("UseSsl", "has only one of CertificateLocation and KeyLocation: a client certificate needs both");
        foreach (var (key, file) in new[] { ("CertificateLocation", config.SslCertificateLocation), ("KeyLocation", config.SslKeyLocation), ("KeystoreLocation", config.SslKeystoreLocation) })
        {
            if (!string.IsNullOrEmpty(file) && !File.Exists(file))
                yield return ($"UseSsl.{key}", $"is {file}, and there is no such file");
        }
    }
}
