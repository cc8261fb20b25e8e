using Confluent.Kafka;

namespace MassTransit;

/// <summary>Shorter forms of the rider's configuration.</summary>
public static class KafkaConfiguratorExtensions
{
    /// <summary>Names the cluster.</summary>
    /// <param name="configurator">The rider.</param>
    /// <param name="server">A bootstrap server, <c>host:port</c>, or several with commas.</param>
    /// <param name="configure">Security.</param>
    public static void Host(this IKafkaFactoryConfigurator configurator, string server, Action<IKafkaHostConfigurator>? configure = null) =>
        configurator.Host([server], configure);

    /// <summary>Consumes a topic without regard to its keys' type.</summary>
    /// <param name="configurator">The rider.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="groupId">The consumer group.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static void TopicEndpoint<T>(
        this IKafkaFactoryConfigurator configurator, string topicName, string groupId, Action<IKafkaTopicReceiveEndpointConfigurator<Ignore, T>> configure)
        where T : class => configurator.TopicEndpoint(topicName, groupId, configure);

    /// <summary>Consumes a topic without regard to its keys' type, with consumer settings of librdkafka.</summary>
    /// <param name="configurator">The rider.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="consumerConfig">The consumer's settings; the group is required.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static void TopicEndpoint<T>(
        this IKafkaFactoryConfigurator configurator, string topicName, ConsumerConfig consumerConfig, Action<IKafkaTopicReceiveEndpointConfigurator<Ignore, T>> configure)
        where T : class => configurator.TopicEndpoint(topicName, consumerConfig, configure);
}
