using Confluent.Kafka;

namespace MassTransit;

/// <summary>
/// Connects topic endpoints while the bus runs. One that is not stopped by its handle ends with the bus and begins again with its next
/// start, as does one that is connected while the bus is stopped.
/// </summary>
public interface IKafkaTopicEndpointConnector
{
    /// <summary>Consumes a topic from now on.</summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="groupId">The consumer group.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    /// <returns>
    /// The endpoint. <see cref="HostReceiveEndpointHandle.Ready"/> completes when its topics are there and it is a member of its group, and
    /// fails as a start of the bus does; <see cref="HostReceiveEndpointHandle.StopAsync"/> stops and removes it.
    /// </returns>
    /// <exception cref="ConfigurationException">It is not configured well, or there is an endpoint of this topic and group already.</exception>
    HostReceiveEndpointHandle ConnectTopicEndpoint<TKey, TValue>(
        string topicName, string groupId, Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class;

    /// <summary>Consumes a topic from now on, with consumer settings of librdkafka.</summary>
    /// <param name="topicName">The topic.</param>
    /// <param name="consumerConfig">The consumer's settings; the group is required.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    /// <inheritdoc cref="ConnectTopicEndpoint{TKey, TValue}(string, string, Action{IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator{TKey, TValue}})"/>
    HostReceiveEndpointHandle ConnectTopicEndpoint<TKey, TValue>(
        string topicName, ConsumerConfig consumerConfig, Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class;
}

/// <summary>Shorter forms of <see cref="IKafkaTopicEndpointConnector"/>.</summary>
public static class TopicEndpointConnectorExtensions
{
    /// <summary>Consumes a topic from now on, without regard to its keys' type.</summary>
    /// <param name="connector">The rider.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="groupId">The consumer group.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static HostReceiveEndpointHandle ConnectTopicEndpoint<T>(
        this IKafkaTopicEndpointConnector connector, string topicName, string groupId,
        Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<Ignore, T>> configure)
        where T : class => connector.ConnectTopicEndpoint(topicName, groupId, configure);

    /// <summary>Consumes a topic from now on, without regard to its keys' type, with consumer settings of librdkafka.</summary>
    /// <param name="connector">The rider.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="consumerConfig">The consumer's settings; the group is required.</param>
    /// <param name="configure">The endpoint's pipeline and settings.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static HostReceiveEndpointHandle ConnectTopicEndpoint<T>(
        this IKafkaTopicEndpointConnector connector, string topicName, ConsumerConfig consumerConfig,
        Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<Ignore, T>> configure)
        where T : class => connector.ConnectTopicEndpoint(topicName, consumerConfig, configure);
}
