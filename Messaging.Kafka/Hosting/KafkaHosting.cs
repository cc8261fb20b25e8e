using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Messaging.Kafka.Hosting;

/// <summary>Brings <see cref="KafkaOptions"/> into a service and into the rider's configuration.</summary>
public static class KafkaHosting
{
    /// <summary>Adds the options of section <c>Kafka</c>, validated at the start.</summary>
    public static IServiceCollection AddKafkaOptions(this IServiceCollection services)
    {
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KafkaOptions>, KafkaOptionsValidator>());
        return services;
    }

    /// <summary>Names the cluster as the options say, with TLS and login.</summary>
    public static void Host(this IKafkaFactoryConfigurator configurator, KafkaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        configurator.Host(Servers(options), host => Secure(host, options));
        configurator.MessageMaxBytes = options.MaxMessageBytes + HeaderRoom;
    }

    /// <summary>The cluster as a client of its own, without a rider, reaches it.</summary>
    internal static ClientConfig ToClientConfig(this KafkaOptions options)
    {
        var config = new ClientConfig { MessageMaxBytes = options.MaxMessageBytes + HeaderRoom };
        var host = new KafkaHostConfigurator(config);
        host.Configure(Servers(options), it => Secure(it, options));
        return host.Validate(refreshesTokens: false).ToList() is [var (key, message), ..]
            ? throw new ConfigurationException($"{KafkaOptions.Section}: {key} {message}")
            : config;
    }

    /// <summary>How a topic is created where it is missing.</summary>
    public static void ApplyTo(this KafkaOptions options, KafkaTopicOptions topic)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(topic);
        topic.NumPartitions = options.Partitions;
        topic.ReplicationFactor = options.ReplicationFactor;
        topic.MaxMessageBytes = options.MaxMessageBytes;
    }

    private static string[] Servers(KafkaOptions options) => options.BootstrapServers.Split(',', StringSplitOptions.TrimEntries);

    private static void Secure(IKafkaHostConfigurator host, KafkaOptions options)
    {
        if (options.UseTls)
            host.UseSsl(ssl => ssl.CaLocation = options.CaLocation);
        if (options.SaslMechanism is not { } mechanism)
            return;
        host.UseSasl(sasl =>
        {
            sasl.Mechanism = mechanism;
            sasl.Username = options.Username;
            sasl.Password = options.Password;
        });
    }

    // What a delay or a dead letter adds to a record by its headers.
    private const int HeaderRoom = 64 * 1024;
}
