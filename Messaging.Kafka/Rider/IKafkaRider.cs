using MassTransit.Transports;

namespace MassTransit;

/// <summary>The Kafka rider of a bus. Its probe shows each endpoint with the filters that a record passes, in their order.</summary>
public interface IKafkaRider : IRider, ITopicProducerProvider, IProbeSite
{
    /// <summary>Writes records byte for byte.</summary>
    IRawTopicProducer RawProducer { get; }

    /// <summary>Writes records that come to their topic later.</summary>
    IDelayedTopicProducer DelayedProducer { get; }

    /// <summary>
    /// Completes when every topic is there and every endpoint a member of its group; fails with
    /// <see cref="Messaging.Kafka.KafkaTopicsMissingException"/> where topics are missing and may not be created.
    /// </summary>
    Task Ready { get; }
}
