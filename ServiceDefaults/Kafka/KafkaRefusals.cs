namespace ServiceDefaults.Kafka;

/// <summary>
/// What librdkafka, OpenSSL and the brokers say of a connection that does not come about, in words that name the option to look at. The one
/// place that knows their words.
/// </summary>
internal static class KafkaRefusals
{
    /// <summary>Parts of what they say, what it is, and which options to look at. The first that fits counts: the narrower before the wider.</summary>
    private static readonly (string Part, string What)[] Table =
    [
        ("connecting to a PLAINTEXT broker listener", "the broker's port does not speak TLS: Kafka:UseTls is true, or Kafka:BootstrapServers names the port for plain text"),
        ("wrong version number", "the broker's port does not speak TLS: Kafka:UseTls is true, or Kafka:BootstrapServers names the port for plain text"),
        ("connecting to a SSL listener", "the broker ends the connection: its port speaks TLS (set Kafka:UseTls) or asks for a login (set Kafka:SaslMechanism)"),
        ("incorrect security.protocol", "the broker ends the connection: its port speaks TLS (set Kafka:UseTls) or asks for a login (set Kafka:SaslMechanism)"),
        ("certificate has expired", "a certificate has expired: the broker's must be renewed, or that of Kafka:CaLocation replaced"),
        ("certificate is not yet valid", "a certificate is not valid yet: compare the clocks, and the broker's certificate"),
        ("hostname mismatch", "the broker's certificate is for another host name: name the brokers in Kafka:BootstrapServers, and the brokers themselves in advertised.listeners, as in their certificates"),
        ("ip address mismatch", "the broker's certificate is for another address: name the brokers in Kafka:BootstrapServers, and the brokers themselves in advertised.listeners, as in their certificates"),
        ("certificate verify failed", "the broker's certificate is of an authority that is not trusted: Kafka:CaLocation must hold the one that signed it"),
        ("self-signed certificate", "the broker's certificate is of an authority that is not trusted: Kafka:CaLocation must hold the one that signed it"),
        ("certificate required", "the brokers ask for a client certificate: set Kafka:CertificateLocation and Kafka:KeyLocation"),
        ("bad certificate", "the brokers refuse the client certificate: check Kafka:CertificateLocation and Kafka:KeyLocation"),
        ("certificate unknown", "the brokers refuse the client certificate, or ask for one: check Kafka:CertificateLocation and Kafka:KeyLocation"),
        ("unknown ca", "the brokers do not trust the client certificate's authority: check Kafka:CertificateLocation"),
        ("SSL handshake failed", "the TLS handshake failed: check Kafka:UseTls, Kafka:CaLocation and Kafka:CertificateLocation"),
        ("Unsupported SASL mechanism", "the brokers do not offer this mechanism: check Kafka:SaslMechanism"),
        ("broker's supported mechanisms", "the brokers do not offer this mechanism: check Kafka:SaslMechanism"),
        ("OAUTHBEARER", "no token, or one that the brokers refuse: check Kafka:OAuthTokenEndpoint, Kafka:OAuthClientId and Kafka:OAuthClientSecret"),
        ("OIDC", "no token could be fetched: check Kafka:OAuthTokenEndpoint, Kafka:OAuthClientId and Kafka:OAuthClientSecret"),
        ("GSSAPI", "the Kerberos login failed: check Kafka:KerberosPrincipal, Kafka:KerberosKeytab and Kafka:KerberosServiceName"),
        ("kinit", "there is no Kerberos ticket: check Kafka:KerberosPrincipal and Kafka:KerberosKeytab"),
        ("SASL authentication", "the brokers refuse the login: check Kafka:Username and Kafka:Password (or Kafka:PasswordFile)"),
        ("Authentication failed", "the brokers refuse the login: check Kafka:Username and Kafka:Password (or Kafka:PasswordFile)"),
    ];

    /// <summary>What it is, with the words that were said; null where it is no refusal.</summary>
    /// <param name="reason">What was said.</param>
    public static string? Explain(string reason)
    {
        foreach (var (part, what) in Table)
        {
            if (reason.Contains(part, StringComparison.OrdinalIgnoreCase))
                return $"{what} ({reason.ReplaceLineEndings(" ").Trim()})";
        }

        return null;
    }
}
