using Confluent.Kafka;

namespace Messaging.Kafka.Configuration;

/// <summary>Which security settings go together. Reads files, and changes nothing.</summary>
internal static class SecurityRules
{
    /// <summary>What is wrong: key, and what it is, what is allowed and how to fix it.</summary>
    /// <param name="config">The client's settings, with the protocol.</param>
    /// <param name="sasl">Whether <c>UseSasl</c> was called.</param>
    /// <param name="ssl">Whether <c>UseSsl</c> was called.</param>
    /// <param name="refreshesTokens">Whether a handler fetches OAUTHBEARER tokens.</param>
    public static IEnumerable<(string Key, string Message)> Validate(ClientConfig config, bool sasl, bool ssl, bool refreshesTokens)
    {
        if (string.IsNullOrWhiteSpace(config.BootstrapServers))
            yield return ("Host", "is missing: name the bootstrap servers, as in Host(\"localhost:9092\")");
        foreach (var problem in Protocol(config, sasl, ssl).Concat(Sasl(config, sasl, refreshesTokens)).Concat(Tls(config)))
            yield return problem;
    }

    private static IEnumerable<(string Key, string Message)> Protocol(ClientConfig config, bool sasl, bool ssl)
    {
        var protocol = config.SecurityProtocol ?? SecurityProtocol.Plaintext;
        if (sasl && !HasSasl(config))
            yield return ("SecurityProtocol", $"is {protocol}, and UseSasl is configured: nobody would log in; name SaslSsl or SaslPlaintext, or leave it out");
        if (ssl && !HasTls(config))
            yield return ("SecurityProtocol", $"is {protocol}, and UseSsl is configured: nothing would be encrypted; name Ssl or SaslSsl, or leave it out");
        if (!sasl && config.SaslMechanism is { } mechanism && !HasSasl(config))
            yield return ("SaslMechanism", $"is {mechanism}, but the protocol is {protocol}: configure SASL by UseSasl");
        if (!HasTls(config) && TlsSettings(config).FirstOrDefault() is { } setting)
            yield return (setting, $"is set, but the protocol is {protocol}: configure TLS by UseSsl, or take it off");
    }

    private static IEnumerable<(string Key, string Message)> Sasl(ClientConfig config, bool sasl, bool refreshesTokens)
    {
        if (refreshesTokens && config.SaslMechanism != SaslMechanism.OAuthBearer)
            yield return ("OAuthBearerTokenRefreshHandler", $"is set, but the SASL mechanism is {config.SaslMechanism?.ToString() ?? "not set"}: it would never be called; set Mechanism to OAuthBearer, or take it off");
        if (!sasl && !HasSasl(config))
            yield break;
        switch (config.SaslMechanism)
        {
            case null:
                yield return ("UseSasl.Mechanism", "is missing: set Plain, ScramSha256, ScramSha512, OAuthBearer or Gssapi");
                break;
            case SaslMechanism.Plain or SaslMechanism.ScramSha256 or SaslMechanism.ScramSha512:
                if (string.IsNullOrEmpty(config.SaslUsername) || string.IsNullOrEmpty(config.SaslPassword))
                    yield return ("UseSasl", $"has no Username or no Password, and {config.SaslMechanism} needs both");
                break;
            case SaslMechanism.OAuthBearer:
                if (!refreshesTokens && config.EnableSaslOauthbearerUnsecureJwt != true && config.SaslOauthbearerMethod != SaslOauthbearerMethod.Oidc)
                {
                    yield return ("UseSasl.Mechanism",
                        "is OAuthBearer, and nobody fetches tokens: set OAuthBearerTokenRefreshHandler, or SaslOauthbearerMethod = Oidc by ConfigureClient");
                }

                break;
            default:
                break;
        }
    }

    private static IEnumerable<(string Key, string Message)> Tls(ClientConfig config)
    {
        var certificates = new[] { config.SslCertificateLocation, config.SslCertificatePem }.Count(IsSet);
        var keys = new[] { config.SslKeyLocation, config.SslKeyPem }.Count(IsSet);
        if (certificates > 1 || keys > 1)
            yield return ("UseSsl", "has certificate or key both as a file and as text: keep one of each");
        if (certificates > 0 != keys > 0)
            yield return ("UseSsl", "has only one of certificate and key: a client certificate needs both, CertificateLocation and KeyLocation or CertificatePem and KeyPem");
        if (IsSet(config.SslKeystoreLocation) && certificates + keys > 0)
            yield return ("UseSsl", "has a key store and a certificate or key: the key store holds both, so keep one of the two ways");
        if (IsSet(config.SslCaLocation) && IsSet(config.SslCaPem))
            yield return ("UseSsl", "has the authorities both as CaLocation and as SslCaPem: keep one");
        if (IsSet(config.SslCaLocation) && !File.Exists(config.SslCaLocation) && !Directory.Exists(config.SslCaLocation) && config.SslCaLocation != "probe")
            yield return ("UseSsl.CaLocation", $"is {config.SslCaLocation}, and there is no such file or directory");
        foreach (var (key, file) in new[]
        {
            ("CertificateLocation", config.SslCertificateLocation), ("KeyLocation", config.SslKeyLocation),
            ("KeystoreLocation", config.SslKeystoreLocation), ("CrlLocation", config.SslCrlLocation),
        })
        {
            if (IsSet(file) && !File.Exists(file))
                yield return ($"UseSsl.{key}", $"is {file}, and there is no such file");
        }
    }

    private static IEnumerable<string> TlsSettings(ClientConfig config) =>
        new[]
        {
            ("CaLocation", config.SslCaLocation), ("SslCaPem", config.SslCaPem), ("CertificateLocation", config.SslCertificateLocation),
            ("CertificatePem", config.SslCertificatePem), ("KeyLocation", config.SslKeyLocation), ("KeyPem", config.SslKeyPem),
            ("KeystoreLocation", config.SslKeystoreLocation),
        }.Where(setting => IsSet(setting.Item2)).Select(setting => setting.Item1);

    private static bool HasSasl(ClientConfig config) => config.SecurityProtocol is SecurityProtocol.SaslSsl or SecurityProtocol.SaslPlaintext;

    private static bool HasTls(ClientConfig config) => config.SecurityProtocol is SecurityProtocol.SaslSsl or SecurityProtocol.Ssl;

    private static bool IsSet(string? value) => !string.IsNullOrEmpty(value);
}
