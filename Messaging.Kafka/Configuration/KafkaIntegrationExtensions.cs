using System.Diagnostics.Metrics;
using Confluent.Kafka;
using MassTransit.Configuration;
using MassTransit.DependencyInjection;
using Messaging.Kafka;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MassTransit;

/// <summary>Adds the Kafka rider to a bus.</summary>
public static class KafkaIntegrationExtensions
{
    /// <summary>Uses Kafka topics beside the bus. Each bus of a process may have a rider: its services are resolved as <c>Bind&lt;TBus, …&gt;</c>. Settings for all clients are those of the container's <see cref="ClientConfig"/>, where it has one.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    public static void UsingKafka(this IRiderRegistrationConfigurator configurator, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure) =>
        Use(configurator, null, configure);

    /// <summary>Uses Kafka topics beside the bus, with client settings of librdkafka.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="clientConfig">Settings for all clients.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    public static void UsingKafka(
        this IRiderRegistrationConfigurator configurator, ClientConfig clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
    {
        ArgumentNullException.ThrowIfNull(clientConfig);
        Use(configurator, clientConfig, configure);
    }

    private static void Use(
        IRiderRegistrationConfigurator configurator, ClientConfig? clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentNullException.ThrowIfNull(configure);
        var bus = RiderBus.Of(configurator);
        bus.AddSingleton(configurator, () => new KafkaRiderHealthSource());
        configurator.SetRiderFactory(new KafkaRegistrationRiderFactory(bus, clientConfig, configure));
        bus.AddScoped<ITopicProducerProvider>(configurator, (rider, scope) => new ScopedTopicProducerProvider(rider, new ProducerScope(scope)));
        bus.AddScoped<IRawTopicProducer>(configurator, (rider, _) => new RawTopicProducer(rider.RawProducer));
        bus.AddScoped(configurator, (rider, _) => rider.DelayedProducer);
        // The container's own, which outlives a bus that is stopped and started again, and one for all buses.
        configurator.TryAddSingleton(services => new KafkaRiderMetrics(services.GetService<IMeterFactory>()));
        configurator.AddHealthChecks().Add(new HealthCheckRegistration(
            bus.HealthCheck, services => new KafkaHealthCheck(bus.GetAll<KafkaRiderHealthSource>(services).First()), failureStatus: null, tags: ["ready", "kafka"]));
    }

    /// <summary>Uses Kafka topics beside one of several buses.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    /// <typeparam name="TBus">The bus.</typeparam>
    public static void UsingKafka<TBus>(this IRiderRegistrationConfigurator<TBus> configurator, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
        where TBus : class, IBus => UsingKafka((IRiderRegistrationConfigurator)configurator, configure);

    /// <summary>Uses Kafka topics beside one of several buses, with client settings of librdkafka.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="clientConfig">Settings for all clients.</param>
    /// <param name="configure">Configures host and endpoints.</param>
    /// <typeparam name="TBus">The bus.</typeparam>
    public static void UsingKafka<TBus>(
        this IRiderRegistrationConfigurator<TBus> configurator, ClientConfig clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
        where TBus : class, IBus => UsingKafka((IRiderRegistrationConfigurator)configurator, clientConfig, configure);

    private sealed class KafkaRegistrationRiderFactory(RiderBus bus, ClientConfig? clientConfig, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
        : IRegistrationRiderFactory<IKafkaRider>
    {
        public IBusInstanceSpecification CreateRider(IRiderRegistrationContext context)
        {
            var configurator = new KafkaFactoryConfigurator(context, bus, new HostClientConfig(clientConfig ?? context.GetService<ClientConfig>() ?? new ClientConfig()));
            configure(context, configurator);
            return configurator;
        }
    }
}
