using MassTransit.Transports;

namespace MassTransit;

/// <summary>The Kafka rider of a bus. Its probe shows each endpoint with the filters that a record passes, in their order.</summary>
public interface IKafkaRider : IRider, ITopicProducerProvider, IKafkaTopicEndpointConnector, IProbeSite
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

    /// <summary>The endpoints that pause now, as their dependency is unavailable; see <see cref="IKafkaConsumerConfigurator.PauseOn"/>.</summary>
    IReadOnlyList<PausedEndpoint> Paused { get; }
}

/// <summary>An endpoint that pauses: its records wait with their offsets unmoved.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Group">Its consumer group.</param>
/// <param name="Reason">What its handler met.</param>
/// <param name="Since">Since when.</param>
public sealed record PausedEndpoint(string Topic, string Group, Exception Reason, DateTimeOffset Since)
{
    /// <summary>The lane that pauses alone (<see cref="IPauseConfigurator.Lane"/>); null: all of the endpoint.</summary>
    public string? Lane { get; init; }
}
