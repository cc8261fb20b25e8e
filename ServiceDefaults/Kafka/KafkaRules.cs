using Confluent.Kafka;
using Contracts;

namespace ServiceDefaults.Kafka;

/// <summary>Which settings of section <c>Kafka</c> are allowed, and which go together. Looks whether files are there, and does nothing else.</summary>
internal static class KafkaRules
{
    /// <summary>Kafka's limit for the name of a topic.</summary>
    private const int LongestName = 249;

    // What the longest delay topic has behind the prefix, such as email.send.delay.604800000ms.
    private const int NameRoom = 40;

    /// <summary>What is wrong: the key, and what is allowed and how to fix it.</summary>
    public static IEnumerable<(string Key, string Message)> Validate(KafkaOptions options) =>
        Cluster(options).Concat(Tls(options)).Concat(Login(options)).Concat(Names(options)).Concat(KafkaClientKeys.Validate(options.Client));

    private static IEnumerable<(string Key, string Message)> Cluster(KafkaOptions options)
    {
        if (!Array.TrueForAll(options.Servers, IsServer))
            yield return (nameof(options.BootstrapServers), "allowed: host:port, several with commas. Name the brokers, for example localhost:9092.");
        if (options.ReplicationFactor is not (-1 or (>= 1 and <= 10)))
            yield return (nameof(options.ReplicationFactor), "allowed: 1 to 10, or -1 for the brokers' own. Take 3 where there are three brokers.");
    }

    private static IEnumerable<(string Key, string Message)> Tls(KafkaOptions options)
    {
        foreach (var (key, file) in new[]
        {
            (nameof(options.CaLocation), options.CaLocation), (nameof(options.CertificateLocation), options.CertificateLocation),
            (nameof(options.KeyLocation), options.KeyLocation),
        }.Where(setting => IsSet(setting.Item2)))
        {
            if (!options.UseTls)
                yield return (key, $"allowed: together with {Name(nameof(options.UseTls))}=true. Set that, or remove this: nothing would be encrypted.");
            if (Missing(file!) is { } missing)
                yield return (key, missing);
        }

        if (IsSet(options.CertificateLocation) != IsSet(options.KeyLocation))
        {
            var missing = IsSet(options.KeyLocation) ? nameof(options.CertificateLocation) : nameof(options.KeyLocation);
            yield return (missing, $"allowed: both {Name(nameof(options.CertificateLocation))} and {Name(nameof(options.KeyLocation))}, or neither. Set this one too.");
        }

        if (IsSet(options.KeyPassword) && !IsSet(options.KeyLocation))
            yield return (nameof(options.KeyPassword), $"allowed: together with {Name(nameof(options.KeyLocation))}. Set that, or remove this.");
    }

    private static IEnumerable<(string Key, string Message)> Login(KafkaOptions options)
    {
        var plainOrScram = options.SaslMechanism is SaslMechanism.Plain or SaslMechanism.ScramSha256 or SaslMechanism.ScramSha512;
        foreach (var (key, value, goes, with) in new[]
        {
            (nameof(options.Username), options.Username, plainOrScram, "Plain, ScramSha256 or ScramSha512"),
            (nameof(options.Password), options.Password, plainOrScram, "Plain, ScramSha256 or ScramSha512"),
            (nameof(options.OAuthTokenEndpoint), options.OAuthTokenEndpoint, options.SaslMechanism == SaslMechanism.OAuthBearer, "OAuthBearer"),
            (nameof(options.OAuthClientId), options.OAuthClientId, options.SaslMechanism == SaslMechanism.OAuthBearer, "OAuthBearer"),
            (nameof(options.OAuthClientSecret), options.OAuthClientSecret, options.SaslMechanism == SaslMechanism.OAuthBearer, "OAuthBearer"),
            (nameof(options.KerberosPrincipal), options.KerberosPrincipal, options.SaslMechanism == SaslMechanism.Gssapi, "Gssapi"),
            (nameof(options.KerberosKeytab), options.KerberosKeytab, options.SaslMechanism == SaslMechanism.Gssapi, "Gssapi"),
        })
        {
            if (IsSet(value) && !goes)
                yield return (key, $"allowed: set together with {Name(nameof(options.SaslMechanism))}, at {with}. Set that, or remove this.");
            if (!IsSet(value) && goes && !IsFromFile(options, key))
                yield return (key, $"allowed: any text that is not empty, since {Name(nameof(options.SaslMechanism))} is {options.SaslMechanism}. Set it.");
        }

        if (IsSet(options.OAuthScope) && options.SaslMechanism != SaslMechanism.OAuthBearer)
            yield return (nameof(options.OAuthScope), $"allowed: set together with {Name(nameof(options.SaslMechanism))}, at OAuthBearer. Set that, or remove this.");
        if (IsSet(options.KerberosServiceName) && options.SaslMechanism != SaslMechanism.Gssapi)
            yield return (nameof(options.KerberosServiceName), $"allowed: set together with {Name(nameof(options.SaslMechanism))}, at Gssapi. Set that, or remove this.");
        if (IsSet(options.OAuthTokenEndpoint) && !(Uri.TryCreate(options.OAuthTokenEndpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            yield return (nameof(options.OAuthTokenEndpoint), "allowed: an http or https address. Copy the token endpoint of your identity provider.");
        if (IsSet(options.KerberosKeytab) && Missing(options.KerberosKeytab!) is { } missing)
            yield return (nameof(options.KerberosKeytab), missing);
    }

    private static IEnumerable<(string Key, string Message)> Names(KafkaOptions options)
    {
        if (!IsName(options.TopicPrefix, LongestName - NameRoom))
            yield return (nameof(options.TopicPrefix), $"allowed: up to {LongestName - NameRoom} letters, digits, '.', '_' and '-', as Kafka has it. Take one such as \"shop.\".");
        if (!IsName(options.GroupPrefix, LongestName - NameRoom))
            yield return (nameof(options.GroupPrefix), $"allowed: up to {LongestName - NameRoom} letters, digits, '.', '_' and '-'. Take one such as \"shop-\".");
        if (IsSet(options.Installation) && !IsName(options.Installation!, 100))
            yield return (nameof(options.Installation), $"allowed: up to 100 letters, digits, '.', '_' and '-'; records carry it in header {HeaderNames.Installation}. Take one such as \"shop-production\".");
        if (IsSet(options.ClientId) && !IsName(options.ClientId!, LongestName))
            yield return (nameof(options.ClientId), "allowed: letters, digits, '.', '_' and '-'. Take the name that your quotas are set for.");
    }

    // A file that cannot be read is reported as such, by its own key.
    private static bool IsFromFile(KafkaOptions options, string key) =>
        (key == nameof(options.Password) && IsSet(options.PasswordFile)) || (key == nameof(options.OAuthClientSecret) && IsSet(options.OAuthClientSecretFile));

    private static string? Missing(string file) => File.Exists(file) ? null : "allowed: a file, and there is no such file. Mount it, and let this program's user read it.";

    private static bool IsName(string text, int longest) => text.Length <= longest && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static bool IsServer(string server) =>
        server.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(server.AsSpan(colon + 1), out var port) && port > 0;

    private static bool IsSet(string? value) => !string.IsNullOrEmpty(value);

    private static string Name(string key) => $"{KafkaOptions.Section}:{key}";
}
