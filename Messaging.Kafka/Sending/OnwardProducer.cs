using MassTransit;

namespace Messaging.Kafka.Sending;

/// <summary>
/// Writes on what lies in Kafka already: to a delay topic, back from there, to the dead-letter topic. Such a record fitted once, and may
/// not fit now: it came compressed, or grows by its headers. It is then written by a second client, which compresses and knows no limit
/// of its own, so that only the topic's counts, which is one of compressed bytes.
/// </summary>
/// <param name="producer">The client for almost all.</param>
/// <param name="compressing">The client for what is too large for the first; made with the first such record.</param>
internal sealed class OnwardProducer(KafkaProducer producer, Lazy<KafkaProducer> compressing)
{
    /// <summary>Writes a record, and tries until it is acknowledged.</summary>
    /// <exception cref="KafkaRecordTooLargeException">It is larger than its topic takes, compressed too. It was not written, and never will be.</exception>
    public async Task Produce(string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        try
        {
            await producer.ProduceUntilAcknowledged(topic, key, value, headers, cancellationToken);
        }
        catch (KafkaRecordTooLargeException)
        {
            await compressing.Value.ProduceUntilAcknowledged(topic, key, value, headers, cancellationToken);
        }
    }
}
