namespace Contracts;

/// <summary>
/// The names of the Kafka headers that mail dispatch writes or reads itself. All values are UTF-8 text, in the encodings of
/// <see cref="HeaderText"/>. The plain names and most of those with <c>MT-</c> are MassTransit's; the others say whose they are.
/// What MassTransit alone writes and reads (<c>CorrelationId</c>, <c>SourceAddress</c>, <c>Content-Type</c>, …) has no name here.
/// </summary>
public static class HeaderNames
{
    /// <summary>The mail's id: a GUID in its hyphenated form ("D").</summary>
    public const string MessageId = "MessageId";

    /// <summary>The mail's epoch, decimal; absent is 0, the mail as first accepted. Our own.</summary>
    public const string Epoch = "Mail-Epoch";

    /// <summary>How often the record was redelivered, decimal; absent is 0. The attempt is one more.</summary>
    public const string RedeliveryCount = "MT-Redelivery-Count";

    /// <summary>The installation that the mail was accepted by, where that has a name (<c>Kafka:Installation</c>); absent: any takes it. Our own.</summary>
    public const string Installation = "Mail-Installation";

    /// <summary>The API key that the mail was accepted under, by its id; absent where it was none of the stored ones. Our own.</summary>
    public const string ApiKey = "Mail-Api-Key";

    /// <summary>When a mail is to be sent that was rescheduled, RFC 3339; it goes over the mail's own <c>scheduled_at</c>. Our own.</summary>
    public const string ScheduledAt = "Mail-Scheduled-At";

    /// <summary>Why a record is a dead letter: <c>fault</c> (it failed) or <c>dead-letter</c> (nobody consumed it).</summary>
    public const string Reason = "MT-Reason";

    /// <summary>Starts the name of every header that tells of a fault.</summary>
    public const string FaultPrefix = "MT-Fault-";

    /// <summary>The type of the exception that ended the last attempt.</summary>
    public const string FaultExceptionType = "MT-Fault-ExceptionType";

    /// <summary>The message of that exception.</summary>
    public const string FaultMessage = "MT-Fault-Message";

    /// <summary>The stack trace of that exception, cut at 8,192 characters.</summary>
    public const string FaultStackTrace = "MT-Fault-StackTrace";

    /// <summary>When the last attempt ended, ISO 8601.</summary>
    public const string FaultTimestamp = "MT-Fault-Timestamp";

    /// <summary>
    /// Says that the record is other content under the id of a mail that came first, which is the value: the failure is not that
    /// mail's. Our own.
    /// </summary>
    public const string FaultConflict = "MT-Fault-Conflict";

    /// <summary>Starts the name of every header that tells where a dead letter came from. The rider's own.</summary>
    public const string OriginalPrefix = "MT-Original-";

    /// <summary>The topic a dead letter came from. The rider's own.</summary>
    public const string OriginalTopic = "MT-Original-Topic";

    /// <summary>The partition a dead letter came from, decimal. The rider's own.</summary>
    public const string OriginalPartition = "MT-Original-Partition";

    /// <summary>The offset a dead letter came from, decimal. The rider's own.</summary>
    public const string OriginalOffset = "MT-Original-Offset";

    /// <summary>The timestamp of the record a dead letter was made of, Unix milliseconds, decimal. The rider's own.</summary>
    public const string OriginalTimestamp = "MT-Original-Timestamp";

    /// <summary>The consumer group in which the record failed. The rider's own.</summary>
    public const string OriginalGroup = "MT-Original-Group";

    /// <summary>Starts the name of every header of a record that waits in a delay topic, or has waited there. The rider's own.</summary>
    public const string DelayPrefix = "MT-Delay-";

    /// <summary>The topic that a record goes back to, where its delay topics are named after another one. The rider's own.</summary>
    public const string DelayTopic = "MT-Delay-Topic";

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
