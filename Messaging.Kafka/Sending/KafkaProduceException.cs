namespace MassTransit;

/// <summary>What is known of a record whose acknowledgement did not come.</summary>
public enum ProduceOutcome
{
    /// <summary>The record was surely not written: producing it again makes no copy.</summary>
    NotWritten,

    /// <summary>The record may have been written: producing it again may make a copy.</summary>
    Unknown,
}

/// <summary>A record was not acknowledged by the broker.</summary>
public class KafkaProduceException : MassTransitException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="topic">The topic that the record was for.</param>
    /// <param name="outcome">Whether the record may have been written all the same.</param>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="innerException">The client's own exception.</param>
    public KafkaProduceException(string topic, ProduceOutcome outcome, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Topic = topic;
        Outcome = outcome;
    }

    /// <summary>The topic that the record was for.</summary>
    public string Topic { get; }

    /// <summary>Whether the record may have been written all the same.</summary>
    public ProduceOutcome Outcome { get; }
}

/// <summary>
/// The record is larger than the producer's <c>message.max.bytes</c>. It was not sent to the broker.
/// </summary>
public sealed class KafkaRecordTooLargeException(string topic, string message, Exception? innerException = null)
    : KafkaProduceException(topic, ProduceOutcome.NotWritten, message, innerException);

/// <summary>
/// The producer's queue stayed full for longer than its delivery timeout: the broker is away or slower than what is produced.
/// </summary>
public sealed class KafkaProducerQueueFullException(string topic, string message, Exception? innerException = null)
    : KafkaProduceException(topic, ProduceOutcome.NotWritten, message, innerException);

/// <summary>The producer is closed: its rider has stopped, or its start has failed. The record was not given to Kafka.</summary>
public sealed class KafkaProducerClosedException(string topic)
    : KafkaProduceException(topic, ProduceOutcome.NotWritten, $"A record for topic {topic} was not written: the producer is closed, as its rider has stopped.");
