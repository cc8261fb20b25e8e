using Confluent.Kafka;

namespace MassTransit;

/// <summary>How the Kafka cluster is reached.</summary>
public interface IKafkaHostConfigurator
{
    /// <summary>Uses SASL. With <see cref="UseSsl"/> the protocol is SASL_SSL, without it SASL_PLAINTEXT, unless it is named.</summary>
    void UseSasl(Action<IKafkaSaslConfigurator> configure);

    /// <summary>Uses TLS, with a client certificate where one is named.</summary>
    void UseSsl(Action<IKafkaSslConfigurator>? configure = null);

    /// <summary>
    /// Puts what librdkafka says of a connection that failed into the application's words, for log and health: what it is, and which
    /// setting to look at; librdkafka's words follow in parentheses. Null: it is not a refusal, and passes. Called often, by threads that must not
    /// wait. Default: none; failed logins and handshakes show in librdkafka's words.
    /// </summary>
    Func<string, string?>? ExplainRefusal { set; }

    /// <summary>Sets any setting of librdkafka for all clients, over what the rider sets by default.</summary>
    /// <param name="key">Its name: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md.</param>
    /// <param name="value">Its value.</param>
    void Set(string key, string value);
}

/// <summary>SASL settings.</summary>
public interface IKafkaSaslConfigurator
{
    /// <summary>The mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI. Required.</summary>
    SaslMechanism? Mechanism { set; }

    /// <summary>The protocol: SASL_SSL or SASL_PLAINTEXT. Default: SASL_SSL with <see cref="IKafkaHostConfigurator.UseSsl"/>, else SASL_PLAINTEXT.</summary>
    SecurityProtocol? SecurityProtocol { set; }

    /// <summary>The user of PLAIN and SCRAM.</summary>
    string? Username { set; }

    /// <summary>The password of PLAIN and SCRAM.</summary>
    string? Password { set; }

    /// <summary>
    /// Asked for the password in place of <see cref="Password"/>: for each client that is made, and again when the brokers refuse a login,
    /// so that a password that changes needs no restart.
    /// </summary>
    Func<string?>? PasswordProvider { set; }

    /// <summary>Where OAUTHBEARER tokens are fetched by client credentials (librdkafka's OIDC method), without a handler of one's own.</summary>
    string? OauthbearerTokenEndpointUrl { set; }

    /// <summary>The client's id there.</summary>
    string? OauthbearerClientId { set; }

    /// <summary>The client's secret there.</summary>
    string? OauthbearerClientSecret { set; }

    /// <summary>The scope that is asked for. Default: none.</summary>
    string? OauthbearerScope { set; }

    /// <summary>OAUTHBEARER's configuration, for <see cref="EnableOauthbearerUnsecureJwt"/> or as the refresh handler's second argument.</summary>
    string? OauthbearerConfig { set; }

    /// <summary>Whether librdkafka makes unsigned tokens by itself, for a trial; never in production. Default: no.</summary>
    bool? EnableOauthbearerUnsecureJwt { set; }

    /// <summary>The brokers' Kerberos principal, without host and realm. Default: kafka.</summary>
    string? KerberosServiceName { set; }

    /// <summary>The client's Kerberos principal. Default: kafkaclient.</summary>
    string? KerberosPrincipal { set; }

    /// <summary>The command that gets or renews the Kerberos ticket. Default: librdkafka's, by <c>kinit</c>.</summary>
    string? KerberosKinitCmd { set; }

    /// <summary>The Kerberos keytab file. Default: none.</summary>
    string? KerberosKeytab { set; }

    /// <summary>The shortest time between two renewals of the ticket in milliseconds; 0 renews none. Default: 60,000.</summary>
    int? KerberosMinTimeBeforeRelogin { set; }
}

/// <summary>TLS settings. Files and texts are PEM.</summary>
public interface IKafkaSslConfigurator
{
    /// <summary>The file or directory of the authorities that the broker's certificate is checked against. Default: the system's.</summary>
    string? CaLocation { set; }

    /// <summary>The authorities as text, in place of <see cref="CaLocation"/>.</summary>
    string? SslCaPem { set; }

    /// <summary>The file of revoked certificates. Default: none.</summary>
    string? CrlLocation { set; }

    /// <summary>The client's certificate file; goes with <see cref="KeyLocation"/>.</summary>
    string? CertificateLocation { set; }

    /// <summary>The client's certificate as text; goes with <see cref="KeyPem"/>.</summary>
    string? CertificatePem { set; }

    /// <summary>The client's private key file; goes with <see cref="CertificateLocation"/>.</summary>
    string? KeyLocation { set; }

    /// <summary>The client's private key as text; goes with <see cref="CertificatePem"/>.</summary>
    string? KeyPem { set; }

    /// <summary>The password of the private key.</summary>
    string? KeyPassword { set; }

    /// <summary>The client's PKCS#12 key store, in place of certificate and key.</summary>
    string? KeystoreLocation { set; }

    /// <summary>The key store's password.</summary>
    string? KeystorePassword { set; }

    /// <summary>The cipher suites that are offered, as OpenSSL writes them. Default: OpenSSL's.</summary>
    string? CipherSuites { set; }

    /// <summary>The elliptic curves that are offered. Default: OpenSSL's.</summary>
    string? CurvesList { set; }

    /// <summary>The signature algorithms that are offered. Default: OpenSSL's.</summary>
    string? SigalgsList { set; }

    /// <summary>Whether the broker's certificate is checked at all. Default: true.</summary>
    bool? EnableCertificateVerification { set; }

    /// <summary>Whether the broker's name is checked against its certificate. Default: https, that is yes.</summary>
    SslEndpointIdentificationAlgorithm? EndpointIdentificationAlgorithm { set; }
}
