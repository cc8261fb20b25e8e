namespace Contracts;

/// <summary>
/// The names of the Kafka headers that both sides of the wire use. All values are UTF-8 text. Those that start with
/// <c>MT-</c> and the plain ones are MassTransit's; those of our own say so.
/// </summary>
public static class HeaderNames
{
    /// <summary>The mail's id: a GUID in its hyphenated form ("D").</summary>
    public const string MessageId = "MessageId";

    /// <summary>The id of the business transaction a message belongs to.</summary>
    public const string CorrelationId = "CorrelationId";

    /// <summary>The id that all messages share which one first message caused.</summary>
    public const string ConversationId = "ConversationId";

    /// <summary>The correlation id of the message that caused this one.</summary>
    public const string InitiatorId = "InitiatorId";

    /// <summary>The address of the endpoint that sent the message.</summary>
    public const string SourceAddress = "SourceAddress";

    /// <summary>The address the message was sent to.</summary>
    public const string DestinationAddress = "DestinationAddress";

    /// <summary>The media type of the value; absent means JSON.</summary>
    public const string ContentType = "Content-Type";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>How often the record was redelivered, decimal; absent is 0. The attempt is one more.</summary>
    public const string RedeliveryCount = "MT-Redelivery-Count";

    /// <summary>Starts the name of every header that tells of a fault.</summary>
    public const string FaultPrefix = "MT-Fault-";

    /// <summary>The message of the exception that ended the last attempt.</summary>
    public const string FaultMessage = "MT-Fault-Message";

    /// <summary>The type of that exception.</summary>
    public const string FaultExceptionType = "MT-Fault-ExceptionType";

    /// <summary>The stack trace of that exception, cut at 8,192 characters.</summary>
    public const string FaultStackTrace = "MT-Fault-StackTrace";

    /// <summary>When the last attempt ended, ISO 8601.</summary>
    public const string FaultTimestamp = "MT-Fault-Timestamp";

    /// <summary>How many tries the retry policy made.</summary>
    public const string FaultRetryCount = "MT-Fault-RetryCount";

    /// <summary>How many redeliveries the record had had.</summary>
    public const string FaultRedeliveryCount = "MT-Fault-RedeliveryCount";

    /// <summary>The endpoint at which the record failed.</summary>
    public const string FaultInputAddress = "MT-Fault-InputAddress";

    /// <summary>The type of the message that failed.</summary>
    public const string FaultMessageType = "MT-Fault-MessageType";

    /// <summary>The type of the consumer that failed.</summary>
    public const string FaultConsumerType = "MT-Fault-ConsumerType";

    /// <summary>Why a record is a dead letter: <c>fault</c> (it failed) or <c>dead-letter</c> (nobody consumed it).</summary>
    public const string Reason = "MT-Reason";

    /// <summary>Starts the name of every header that tells where a dead letter came from. Our own.</summary>
    public const string OriginalPrefix = "MT-Original-";

    /// <summary>The topic a dead letter came from. Our own.</summary>
    public const string OriginalTopic = "MT-Original-Topic";

    /// <summary>The partition a dead letter came from, decimal. Our own.</summary>
    public const string OriginalPartition = "MT-Original-Partition";

    /// <summary>The offset a dead letter came from, decimal. Our own.</summary>
    public const string OriginalOffset = "MT-Original-Offset";

    /// <summary>The timestamp of the record a dead letter was made of, Unix milliseconds, decimal. Our own.</summary>
    public const string OriginalTimestamp = "MT-Original-Timestamp";

    /// <summary>The consumer group in which the record failed. Our own.</summary>
    public const string OriginalGroup = "MT-Original-Group";

    /// <summary>
    /// Says that the record is the copy of a scheduled mail that waited in the delay topics, and when that was due: Unix milliseconds,
    /// decimal. The record that was posted has none. Our own.
    /// </summary>
    public const string Scheduled = "Mail-Scheduled";

    /// <summary>Which replay of the mail a record belongs to, decimal; absent is 0, the mail as first accepted. Our own.</summary>
    public const string Epoch = "Mail-Epoch";

    /// <summary>Starts the name of every header of a record that waits in a delay topic, or has waited there. The rider's own.</summary>
    public const string DelayPrefix = "MT-Delay-";

    /// <summary>
    /// Whether a header tells of one delivery, and not of the mail: its identity, its redeliveries, its due time, its fault. A mail that is
    /// sent anew gets such headers anew; the old ones would exhaust it at once.
    /// </summary>
    /// <param name="name">The header's name.</param>
    public static bool IsOfOneDelivery(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is MessageId or Epoch or RedeliveryCount or Reason
            || name.StartsWith(FaultPrefix, StringComparison.Ordinal)
            || name.StartsWith(OriginalPrefix, StringComparison.Ordinal)
            || name.StartsWith(DelayPrefix, StringComparison.Ordinal);
    }
}
