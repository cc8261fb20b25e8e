using MassTransit;
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
        configurator.Host(options.BootstrapServers.Split(',', StringSplitOptions.TrimEntries), host =>
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
        });
        configurator.MessageMaxBytes = options.MaxMessageBytes + HeaderRoom;
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

    // What a delay or a dead letter adds to a record by its headers.
    private const int HeaderRoom = 64 * 1024;
}
