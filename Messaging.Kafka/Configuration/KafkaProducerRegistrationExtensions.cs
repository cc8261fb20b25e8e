using Confluent.Kafka;
using MassTransit.KafkaIntegration;
using Messaging.Kafka;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Sending;

namespace MassTransit;

/// <summary>Adds producers to the Kafka rider.</summary>
public static class KafkaProducerRegistrationExtensions
{
    /// <summary>Adds <see cref="ITopicProducer{TValue}"/> for records without a key.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<T>(
        this IRiderRegistrationConfigurator configurator, string topicName, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<Null, T>>? configure = null)
        where T : class => configurator.AddProducer(topicName, new ProducerConfig(), configure);

    /// <summary>Adds <see cref="ITopicProducer{TValue}"/> for records without a key, with a Kafka client of its own.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="producerConfig">The client's settings, over those of the rider.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<T>(
        this IRiderRegistrationConfigurator configurator, string topicName, ProducerConfig producerConfig,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<Null, T>>? configure = null)
        where T : class => configurator.AddProducer(topicName, producerConfig, static _ => null!, configure);

    /// <summary>Adds <see cref="ITopicProducer{TKey, TValue}"/>.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class => configurator.AddProducer(topicName, new ProducerConfig(), configure);

    /// <summary>Adds <see cref="ITopicProducer{TKey, TValue}"/>, with a Kafka client of its own.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="producerConfig">The client's settings, over those of the rider.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, ProducerConfig producerConfig,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class => configurator.Register(topicName, producerConfig, resolvesKey: false, configure);

    /// <summary>Adds <see cref="ITopicProducer{TValue}"/>, with keys that a resolver takes from the message, and <see cref="ITopicProducer{TKey, TValue}"/>.</summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="keyResolver">Takes the key from the message.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, KafkaKeyResolver<TKey, T> keyResolver,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class => configurator.AddProducer(topicName, new ProducerConfig(), keyResolver, configure);

    /// <summary>
    /// Adds <see cref="ITopicProducer{TValue}"/>, with keys that a resolver takes from the message, and <see cref="ITopicProducer{TKey, TValue}"/>,
    /// with a Kafka client of their own.
    /// </summary>
    /// <param name="configurator">The rider's registration.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="producerConfig">The client's settings, over those of the rider.</param>
    /// <param name="keyResolver">Takes the key from the message.</param>
    /// <param name="configure">Serializers, send filters, client settings, creation of the topic.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static void AddProducer<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, ProducerConfig producerConfig, KafkaKeyResolver<TKey, T> keyResolver,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(keyResolver);
        configurator.Register(topicName, producerConfig, resolvesKey: true, configure);
        RiderBus.Of(configurator).AddScoped<ITopicProducer<T>>(configurator, (rider, scope) => new KeyedTopicProducer<TKey, T>(Producer<TKey, T>(rider, scope, topicName), keyResolver));
    }

    private static void Register<TKey, T>(
        this IRiderRegistrationConfigurator configurator, string topicName, ProducerConfig producerConfig, bool resolvesKey,
        Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, T>>? configure)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentException.ThrowIfNullOrWhiteSpace(topicName);
        ArgumentNullException.ThrowIfNull(producerConfig);
        var bus = RiderBus.Of(configurator);
        bus.AddSingleton<IProducerRegistration>(configurator, () => new ProducerRegistration<TKey, T>(topicName, producerConfig, resolvesKey, configure));
        bus.AddScoped<ITopicProducer<TKey, T>>(configurator, (rider, scope) => Producer<TKey, T>(rider, scope, topicName));
    }

    private static ScopedTopicProducer<TKey, T> Producer<TKey, T>(KafkaRider rider, IServiceProvider scope, string topic)
        where T : class => new(rider.Producer<TKey, T>(topic), new ProducerScope(scope));
}
