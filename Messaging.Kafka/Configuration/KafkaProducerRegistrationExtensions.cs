using Confluent.Kafka;
using MassTransit.DependencyInjection;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.DependencyInjection;

namespace MassTransit;

/// <summary>Adds producers to the Kafka rider.</summary>
public static class KafkaProducerRegistrationExtensions
{
    /// <summary>Adds <see cref="ITopicProducer{TValue}"/> for records without a key.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="configure">Serializers, send filters, creation of the topic.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<T>(
        this IRiderRegistrationConfigurator configurator, string topicName, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<Null, T>>? configure = null)
        where T : class => configurator.AddProducer(topicName, static _ => null!, configure);

    /// <summary>Adds <see cref="ITopicProducer{TKey, TValue}"/>.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="configure">Serializers, send filters, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class => configurator.Register(topicName, configure);

    /// <summary>Adds <see cref="ITopicProducer{TValue}"/>, with keys that a resolver takes from the message, and <see cref="ITopicProducer{TKey, TValue}"/>.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="keyResolver">Takes the key from the message.</param>
    /// <param name="configure">Serializers, send filters, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, KafkaKeyResolver<TKey, T> keyResolver,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(keyResolver);
        var registration = configurator.Register(topicName, configure);
        configurator.TryAddScoped<IKafkaRider, ITopicProducer<T>>((rider, scope) =>
            new KeyedTopicProducer<TKey, T>(registration.Producer(rider), keyResolver, Consumed(scope)));
    }

    private static ProducerRegistration<TKey, T> Register<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure)
        where T : class
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topicName);
        var registration = new ProducerRegistration<TKey, T>(topicName, configure);
        configurator.AddSingleton<IProducerRegistration>(registration);
        configurator.TryAddScoped<IKafkaRider, ITopicProducer<TKey, T>>((rider, scope) =>
            new ScopedTopicProducer<TKey, T>(registration.Producer(rider), Consumed(scope)));
        return registration;
    }

    private static Func<ConsumeContext?> Consumed(IServiceProvider scope) => () =>
        scope.GetService<IScopedConsumeContextProvider>() is { HasContext: true } provider ? provider.GetContext() : null;
}
