namespace MassTransit;

/// <summary>Writes records byte for byte that come to their topic later, by way of its delay topics.</summary>
public interface IDelayedTopicProducer
{
    /// <summary>
    /// Produces a record to the delay topic that fits, or to its topic where it is due; tries until the broker has acknowledged it.
    /// </summary>
    /// <param name="topic">The topic that the record is for: one of an endpoint in this process that has delay tiers.</param>
    /// <param name="due">When it is to be there; not before, by the clock of the forwarder.</param>
    /// <param name="key">The record's key, or null.</param>
    /// <param name="value">The record's value; null is a tombstone.</param>
    /// <param name="headers">The record's headers, in order.</param>
    /// <param name="cancellationToken">Ends the attempts; a record that is already on its way may still be written.</param>
    /// <exception cref="KafkaRecordTooLargeException">The record is larger than its topic takes.</exception>
    /// <exception cref="ConfigurationException">The topic has no delay topics.</exception>
    Task ProduceAt(
        string topic, DateTimeOffset due, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default);
}
