using System.Diagnostics.Metrics;
using Confluent.Kafka;
using MassTransit.Configuration;
using MassTransit.DependencyInjection;
using Messaging.Kafka;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MassTransit;

/// <summary>Adds the Kafka rider to a bus.</summary>
public static class KafkaIntegrationExtensions
{
    /// <summary>Uses Kafka topics beside the bus.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    public static void UsingKafka(this IRiderRegistrationConfigurator configurator, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure) =>
        configurator.UsingKafka(new ClientConfig(), configure);

    /// <summary>Uses Kafka topics beside the bus, with client settings of librdkafka.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="clientConfig">Settings for all clients.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    public static void UsingKafka(
        this IRiderRegistrationConfigurator configurator, ClientConfig clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentNullException.ThrowIfNull(clientConfig);
        ArgumentNullException.ThrowIfNull(configure);
        if (BusOf(configurator) is { } bus)
        {
            throw new ConfigurationException(
                $"UsingKafka on the bus {TypeCache.GetShortName(bus)}: the Kafka rider belongs to the default bus, that of AddMassTransit without a type, " +
                $"and there is no Bind<{bus.Name}, ITopicProducer<…>>. Configure it there; its endpoints and producers do not depend on what else that bus uses.");
        }

        configurator.SetRiderFactory(new KafkaRegistrationRiderFactory(clientConfig, configure));
        configurator.TryAddScoped<IKafkaRider, ITopicProducerProvider>((rider, scope) => new ScopedTopicProducerProvider((KafkaRider)rider, new ProducerScope(scope)));
        configurator.TryAddScoped<IKafkaRider, IRawTopicProducer>((rider, _) => new RawTopicProducer(rider.RawProducer));
        configurator.TryAddScoped<IKafkaRider, IDelayedTopicProducer>((rider, _) => rider.DelayedProducer);
        configurator.TryAddSingleton<KafkaRiderHealthSource>();
        // The container's own, which outlives a bus that is stopped and started again.
        configurator.TryAddSingleton(services => new KafkaRiderMetrics(services.GetService<IMeterFactory>()));
        configurator.AddHealthChecks().AddCheck<KafkaHealthCheck>("kafka", tags: ["ready", "kafka"]);
    }

    /// <summary>The bus that the rider is added to, where it is not the default one.</summary>
    private static Type? BusOf(IRiderRegistrationConfigurator configurator) => Array
        .Find(configurator.GetType().GetInterfaces(), type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRiderRegistrationConfigurator<>))
        ?.GetGenericArguments()[0];

    private sealed class KafkaRegistrationRiderFactory(ClientConfig clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
        : IRegistrationRiderFactory<IKafkaRider>
    {
        public IBusInstanceSpecification CreateRider(IRiderRegistrationContext context)
        {
            var configurator = new KafkaFactoryConfigurator(context, new HostClientConfig(clientConfig));
            configure(context, configurator);
            return configurator;
        }
    }
}
