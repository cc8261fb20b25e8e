using System.Globalization;
using System.Text.RegularExpressions;

namespace ServiceDefaults.Kafka;

/// <summary>
/// What librdkafka, OpenSSL and the brokers say of a connection that does not come about, in words that name the option to look at. The one
/// place that knows their words.
/// </summary>
/// <param name="certificates">Looks at a broker's certificate, of which librdkafka says only that it was not verified.</param>
internal sealed partial class KafkaRefusals(BrokerCertificates certificates)
{
    private const string NoTls = "the broker's port does not speak TLS: Kafka:UseTls is true, or Kafka:BootstrapServers names a port without it";
    private const string Login = "the brokers refuse the login: check Kafka:Username and Kafka:Password (or Kafka:PasswordFile)";
    private const string Unverified = "the broker's certificate is not trusted: Kafka:CaLocation must hold the authority that signed it, and it must be valid, and for this host";
    private const string NoCertificate = "the brokers ask for a client certificate, or refuse it: set Kafka:CertificateLocation and Kafka:KeyLocation";

    /// <summary>Parts of what they say, and what it is. The first that fits counts: the narrower before the wider.</summary>
    private static readonly (Regex Said, string What)[] Table =
    [
        (Part("connecting to a PLAINTEXT broker listener"), NoTls),
        (Part("wrong version number"), NoTls),
        (Part("record layer failure"), NoTls),
        // Brokers say nothing to who speaks no TLS, and to who does not log in: they end the connection, and the phase that it is in tells which.
        (Part("Disconnected.*in state APIVERSION_QUERY"), "the broker ends the connection at once: its port speaks TLS (set Kafka:UseTls)"),
        (Part("/bootstrap: Disconnected.*after [0-9]{1,2}ms in state UP"), "the broker ends the connection after the first request: its port asks for a login (set Kafka:SaslMechanism)"),
        (Part("certificate verify failed"), Unverified),
        (Part("certificate required|bad certificate|certificate unknown|client SSL authentication might be required"), NoCertificate),
        (Part("unknown ca"), "the brokers do not trust the authority of the client certificate: check Kafka:CertificateLocation"),
        (Part("SSL handshake failed"), "the TLS handshake failed: check Kafka:UseTls, Kafka:CaLocation and Kafka:CertificateLocation"),
        (Part("Unsupported SASL mechanism|supported mechanisms"), "the brokers do not offer this mechanism: check Kafka:SaslMechanism"),
        (Part("OAUTHBEARER|OIDC"), "no token, or one that the brokers refuse: check Kafka:OAuthTokenEndpoint, Kafka:OAuthClientId and Kafka:OAuthClientSecret"),
        (Part("GSSAPI|kinit"), "the Kerberos login failed: check Kafka:KerberosPrincipal, Kafka:KerberosKeytab and Kafka:KerberosServiceName"),
        (Part("SASL authentication|Authentication failed"), Login),
    ];

    /// <summary>What it is; null where it is not a refusal.</summary>
    /// <param name="reason">What was said.</param>
    public string? Explain(string reason)
    {
        foreach (var (said, what) in Table)
        {
            if (said.IsMatch(reason))
                return what == Unverified ? Looked(reason) ?? what : what;
        }

        return null;
    }

    private string? Looked(string reason) =>
        Address().Match(reason) is { Success: true } address && int.TryParse(address.Groups["port"].ValueSpan, CultureInfo.InvariantCulture, out var port)
            ? certificates.WhatIsWrong(address.Groups["host"].Value, port)
            : null;

    private static Regex Part(string pattern) => new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    [GeneratedRegex(@"ssl://(?<host>[^/\s]+):(?<port>[0-9]{1,5})/", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Address();
}
