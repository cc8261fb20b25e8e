using Confluent.Kafka;

namespace MassTransit;

/// <summary>How the Kafka cluster is reached.</summary>
public interface IKafkaHostConfigurator
{
    /// <summary>Uses SASL. With <see cref="UseSsl"/> the protocol is SASL_SSL, without it SASL_PLAINTEXT.</summary>
    void UseSasl(Action<IKafkaSaslConfigurator> configure);

    /// <summary>Uses TLS, with a client certificate where one is named.</summary>
    void UseSsl(Action<IKafkaSslConfigurator>? configure = null);
}

/// <summary>SASL settings.</summary>
public interface IKafkaSaslConfigurator
{
    /// <summary>The mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI. Required.</summary>
    SaslMechanism? Mechanism { set; }

    /// <summary>The user of PLAIN and SCRAM.</summary>
    string? Username { set; }

    /// <summary>The password of PLAIN and SCRAM.</summary>
    string? Password { set; }

    /// <summary>OAUTHBEARER's configuration, where no refresh handler is set.</summary>
    string? OauthbearerConfig { set; }
}

/// <summary>TLS settings. Files are PEM.</summary>
public interface IKafkaSslConfigurator
{
    /// <summary>The file or directory of the authorities that the broker's certificate is checked against. Default: the system's.</summary>
    string? CaLocation { set; }

    /// <summary>The client's certificate file; goes with <see cref="KeyLocation"/>.</summary>
    string? CertificateLocation { set; }

    /// <summary>The client's private key file; goes with <see cref="CertificateLocation"/>.</summary>
    string? KeyLocation { set; }

    /// <summary>The password of the private key.</summary>
    string? KeyPassword { set; }

    /// <summary>The client's PKCS#12 key store, in place of certificate and key.</summary>
    string? KeystoreLocation { set; }

    /// <summary>The key store's password.</summary>
    string? KeystorePassword { set; }

    /// <summary>Whether the broker's certificate is checked at all. Default: true.</summary>
    bool? EnableCertificateVerification { set; }

    /// <summary>Whether the broker's name is checked against its certificate. Default: https, that is yes.</summary>
    SslEndpointIdentificationAlgorithm? EndpointIdentificationAlgorithm { set; }
}
