using MassTransit;
using MassTransit.Configuration;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Configuration;

/// <summary>A producer that the application has added, configured when the bus is there.</summary>
internal interface IProducerRegistration
{
    /// <summary>Runs the application's configuration.</summary>
    /// <returns>The topic to create where it is missing, or null.</returns>
    RequiredTopic? Configure(IRiderRegistrationContext context, SendPipeConfiguration send);
}

/// <inheritdoc/>
internal sealed class ProducerRegistration<TKey, TValue>(string topic, Action<IRiderRegistrationContext, IKafkaProducerConfigurator<TKey, TValue>>? configure)
    : IProducerRegistration
    where TValue : class
{
    private ProducerSpecification<TKey, TValue>? _specification;

    /// <inheritdoc/>
    public RequiredTopic? Configure(IRiderRegistrationContext context, SendPipeConfiguration send)
    {
        _specification = new ProducerSpecification<TKey, TValue>(topic, send);
        configure?.Invoke(context, _specification);
        return _specification.Topic;
    }

    /// <summary>The producer, made on first use and shared from then on.</summary>
    public TopicProducer<TKey, TValue> Producer(IKafkaRider rider) => ((KafkaRider)rider).Producer(topic, _specification);
}
