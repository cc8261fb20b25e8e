using Confluent.Kafka;
using MassTransit;
using MassTransit.Configuration;

namespace Messaging.Kafka.Configuration;

/// <summary>A producer that the application has added, configured when the bus is there.</summary>
internal interface IProducerRegistration
{
    /// <summary>The topic.</summary>
    string Topic { get; }

    /// <summary>The services that it is resolved by.</summary>
    IReadOnlyList<Type> Services { get; }

    /// <summary>Runs the application's configuration and checks it.</summary>
    ConfiguredProducer Configure(IRiderRegistrationContext context, SendPipeConfiguration send, ClientConfig host);
}

/// <summary>A producer that is configured, and made on its first use.</summary>
/// <param name="Key">What it is found by: topic, key type and message type.</param>
/// <param name="Specification">Its <see cref="ProducerSpecification{TKey, TValue}"/>.</param>
/// <param name="Topic">The topic to create where it is missing, or null.</param>
internal sealed record ConfiguredProducer((string Topic, Type Key, Type Value) Key, object Specification, RequiredTopic? Topic);

/// <inheritdoc/>
internal sealed class ProducerRegistration<TKey, TValue>(
    string topic, ProducerConfig config, bool resolvesKey, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, TValue>>? configure)
    : IProducerRegistration
    where TValue : class
{
    /// <inheritdoc/>
    public string Topic => topic;

    /// <inheritdoc/>
    public IReadOnlyList<Type> Services => resolvesKey
        ? [typeof(ITopicProducer<TKey, TValue>), typeof(ITopicProducer<TValue>)]
        : [typeof(ITopicProducer<TKey, TValue>)];

    /// <inheritdoc/>
    public ConfiguredProducer Configure(IRiderRegistrationContext context, SendPipeConfiguration send, ClientConfig host)
    {
        var specification = new ProducerSpecification<TKey, TValue>(topic, new ProducerConfig(config), send);
        configure?.Invoke(context, specification);
        specification.Validate()
            .Concat(ClientRules.ValidateCluster(config, host).Select(problem => specification.Failure(problem.Key, problem.Message)))
            .ThrowIfContainsFailure($"The producer of topic {topic} is not configured well:");
        return new ConfiguredProducer((topic, typeof(TKey), typeof(TValue)), specification, specification.Topic);
    }
}
