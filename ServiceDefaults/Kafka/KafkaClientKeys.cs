using Confluent.Kafka;

namespace ServiceDefaults.Kafka;

/// <summary>Which of librdkafka's settings <c>Kafka:Client</c> takes: all that neither have an option of their own nor keep a promise of this system.</summary>
internal static class KafkaClientKeys
{
    private const string Reading = "what is read once, and what is sent, depends on it";
    private const string Writing = "a 202 means that all in-sync replicas have the mail, and that depends on it";

    /// <summary>The settings that are refused, each with the option that sets it or the reason.</summary>
    private static readonly Dictionary<string, string> Owned = new(StringComparer.Ordinal)
    {
        ["bootstrap.servers"] = Option(nameof(KafkaOptions.BootstrapServers)),
        ["metadata.broker.list"] = Option(nameof(KafkaOptions.BootstrapServers)),
        ["client.id"] = Option(nameof(KafkaOptions.ClientId)),
        ["security.protocol"] = $"{Option(nameof(KafkaOptions.UseTls))} and Kafka:{nameof(KafkaOptions.SaslMechanism)}",
        ["ssl.ca.location"] = Option(nameof(KafkaOptions.CaLocation)),
        ["ssl.certificate.location"] = Option(nameof(KafkaOptions.CertificateLocation)),
        ["ssl.key.location"] = Option(nameof(KafkaOptions.KeyLocation)),
        ["ssl.key.password"] = Option(nameof(KafkaOptions.KeyPassword)),
        ["sasl.mechanism"] = Option(nameof(KafkaOptions.SaslMechanism)),
        ["sasl.mechanisms"] = Option(nameof(KafkaOptions.SaslMechanism)),
        ["sasl.username"] = Option(nameof(KafkaOptions.Username)),
        ["sasl.password"] = Option(nameof(KafkaOptions.Password)),
        ["sasl.oauthbearer.method"] = Option(nameof(KafkaOptions.OAuthTokenEndpoint)),
        ["sasl.oauthbearer.token.endpoint.url"] = Option(nameof(KafkaOptions.OAuthTokenEndpoint)),
        ["sasl.oauthbearer.client.id"] = Option(nameof(KafkaOptions.OAuthClientId)),
        ["sasl.oauthbearer.client.secret"] = Option(nameof(KafkaOptions.OAuthClientSecret)),
        ["sasl.oauthbearer.scope"] = Option(nameof(KafkaOptions.OAuthScope)),
        ["sasl.kerberos.service.name"] = Option(nameof(KafkaOptions.KerberosServiceName)),
        ["sasl.kerberos.principal"] = Option(nameof(KafkaOptions.KerberosPrincipal)),
        ["sasl.kerberos.keytab"] = Option(nameof(KafkaOptions.KerberosKeytab)),
        ["message.max.bytes"] = Option(nameof(KafkaOptions.MaxMessageBytes)),
        ["message.timeout.ms"] = "Api:AcceptTimeout sets it",
        ["delivery.timeout.ms"] = "Api:AcceptTimeout sets it",
        ["group.id"] = Option(nameof(KafkaOptions.GroupPrefix)),
        ["enable.auto.commit"] = Reading,
        ["auto.commit.enable"] = Reading,
        ["auto.commit.interval.ms"] = Reading,
        ["enable.auto.offset.store"] = Reading,
        ["auto.offset.reset"] = Reading,
        ["isolation.level"] = Reading,
        ["enable.partition.eof"] = Reading,
        ["partition.assignment.strategy"] = Reading,
        ["group.protocol"] = Reading,
        ["max.poll.interval.ms"] = Reading,
        ["allow.auto.create.topics"] = $"{Option(nameof(KafkaOptions.CreateTopics))}",
        ["acks"] = Writing,
        ["request.required.acks"] = Writing,
        ["enable.idempotence"] = Writing,
        ["max.in.flight"] = Writing,
        ["max.in.flight.requests.per.connection"] = Writing,
        ["retries"] = Writing,
        ["message.send.max.retries"] = Writing,
        ["transactional.id"] = Writing,
        ["partitioner"] = "mails of one key must have the same partition whoever writes them",
    };

    /// <summary>What is refused, in one line each.</summary>
    public static IEnumerable<(string Key, string Message)> Validate(IReadOnlyDictionary<string, string> settings)
    {
        foreach (var (key, value) in settings.OrderBy(setting => setting.Key, StringComparer.Ordinal))
        {
            if (Owned.TryGetValue(key, out var reason))
                yield return ($"{nameof(KafkaOptions.Client)}:{key}", $"allowed: not here, since {reason}. Remove it.");
            else if (Refusal(key, value) is { } refusal)
                yield return ($"{nameof(KafkaOptions.Client)}:{key}", $"allowed: what librdkafka takes (https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md), and it says: {refusal}. Correct it, or remove it.");
        }
    }

    /// <summary>What the client says of a setting: only it knows its names and values. It connects to nobody here.</summary>
    private static string? Refusal(string key, string value)
    {
        try
        {
            using var client = new ProducerBuilder<Null, Null>(new Dictionary<string, string>(StringComparer.Ordinal) { [key] = value }).SetLogHandler((_, _) => { }).Build();
            return null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or KafkaException)
        {
            return exception.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        }
    }

    private static string Option(string key) => $"Kafka:{key} sets it";
}
