using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ServiceDefaults.Configuration;

namespace ServiceDefaults.Kafka;

/// <summary>Brings <see cref="KafkaOptions"/> into a service and into the rider's configuration.</summary>
public static class KafkaHosting
{
    // What a delay or a dead letter adds to a record by its headers.
    private const int HeaderRoom = 64 * 1024;

    /// <summary>Adds the options of section <c>Kafka</c>.</summary>
    public static IServiceCollection AddKafkaOptions(this IServiceCollection services) => services.AddSection<KafkaOptions>(KafkaOptions.Section);

    /// <summary>Adds what looks at topics and groups from outside the rider; each connects with its first use.</summary>
    public static IServiceCollection AddKafkaInspection(this IServiceCollection services)
    {
        services.AddKafkaOptions();
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<KafkaOptions>>().Value.ToClientConfig());
        services.TryAddSingleton<KafkaInspector>();
        services.TryAddSingleton<TopicReader>();
        services.TryAddSingleton<RecordWriter>();
        return services;
    }

    /// <summary>Names the cluster as the options say, with TLS and login.</summary>
    public static void Host(this IKafkaFactoryConfigurator configurator, KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        configurator.Host(options.Servers, host => Connect(host, options));
        configurator.MessageMaxBytes = options.MaxMessageBytes + HeaderRoom;
    }

    /// <summary>The cluster as a client of its own, without a rider, reaches it.</summary>
    /// <exception cref="ConfigurationException">The security settings contradict each other.</exception>
    public static ClientConfig ToClientConfig(this KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var config = KafkaClientConfig.Create(options.Servers, host => Connect(host, options));
        config.MessageMaxBytes = options.MaxMessageBytes + HeaderRoom;
        return config;
    }

    /// <summary>Creates the endpoint's topics where they are missing, if the options say so.</summary>
    public static void CreateIfMissing(this IKafkaConsumerConfigurator endpoint, KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        endpoint.RequiredRetention = options.Retention;
        if (options.CreateTopics)
            endpoint.CreateIfMissing(options.ApplyTo);
    }

    /// <inheritdoc cref="CreateIfMissing(IKafkaConsumerConfigurator, KafkaOptions)"/>
    public static void CreateIfMissing(this IKafkaProducerConfigurator producer, KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.CreateTopics)
            producer.CreateIfMissing(options.ApplyTo);
    }

    /// <summary>Creates a topic where it is missing, if the options say so, that only producers of <see cref="ITopicProducerProvider"/> write to.</summary>
    /// <param name="configurator">The rider.</param>
    /// <param name="options">The options.</param>
    /// <param name="topic">The topic.</param>
    public static void CreateIfMissing(this IKafkaFactoryConfigurator configurator, KafkaOptions options, string topic)
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentNullException.ThrowIfNull(options);
        if (options.CreateTopics)
            configurator.CreateIfMissing(topic, options.ApplyTo);
    }

    private static void ApplyTo(this KafkaOptions options, KafkaTopicOptions topic)
    {
        topic.NumPartitions = options.Partitions;
        topic.ReplicationFactor = options.ReplicationFactor;
        topic.MaxMessageBytes = options.MaxMessageBytes;
        topic.Retention = options.Retention;
    }

    private static void Connect(IKafkaHostConfigurator host, KafkaOptions options)
    {
        host.ExplainRefusal = new KafkaRefusals(new BrokerCertificates(options.CaLocation)).Explain;
        host.Set("client.id", string.IsNullOrEmpty(options.ClientId) ? AppDomain.CurrentDomain.FriendlyName : options.ClientId);
        foreach (var (key, value) in options.Client)
            host.Set(key, value);
        if (options.UseTls)
        {
            host.UseSsl(ssl =>
            {
                ssl.CaLocation = options.CaLocation;
                ssl.CertificateLocation = options.CertificateLocation;
                ssl.KeyLocation = options.KeyLocation;
                ssl.KeyPassword = options.KeyPassword;
            });
        }

        if (options.SaslMechanism is { } mechanism)
            host.UseSasl(sasl => LogIn(sasl, mechanism, options));
    }

    private static void LogIn(IKafkaSaslConfigurator sasl, SaslMechanism mechanism, KafkaOptions options)
    {
        sasl.Mechanism = mechanism;
        switch (mechanism)
        {
            case SaslMechanism.OAuthBearer:
                sasl.OauthbearerTokenEndpointUrl = options.OAuthTokenEndpoint;
                sasl.OauthbearerClientId = options.OAuthClientId;
                sasl.OauthbearerClientSecret = options.OAuthClientSecret;
                sasl.OauthbearerScope = options.OAuthScope;
                break;
            case SaslMechanism.Gssapi:
                sasl.KerberosServiceName = options.KerberosServiceName;
                sasl.KerberosPrincipal = options.KerberosPrincipal;
                sasl.KerberosKeytab = options.KerberosKeytab;
                break;
            default:
                sasl.Username = options.Username;
                sasl.PasswordProvider = () => options.CurrentPassword;
                break;
        }
    }
}
