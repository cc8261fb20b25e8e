using Contracts;
using MassTransit;
using Persistence.Failures;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.DeadLetters;

/// <summary>
/// Reads a dead letter's headers. Whatever bytes a record has make a failure row: a header that is missing or makes no sense is
/// left out, and what was in it can still be seen among the row's headers.
/// </summary>
internal static class DeadLetterReader
{
    private const string UnknownException = "Unknown";

    public static DeadLetter Read(KafkaRecord record)
    {
        var headers = record.Headers.ToRecord();
        return new DeadLetter
        {
            Topic = record.Topic,
            Partition = record.Partition,
            Offset = record.Offset,
            Timestamp = record.Timestamp,
            // The id of a conflict belongs to another mail: a link would show that mail as failed.
            MailId = headers.Last(HeaderNames.FaultConflict) is null ? headers.Last(HeaderNames.MessageId).AsId() : null,
            Epoch = headers.Last(HeaderNames.Epoch).AsNumber() ?? 0,
            Key = record.Key,
            Value = record.Value,
            Headers = headers,
            ExceptionType = headers.Last(HeaderNames.FaultExceptionType).AsText() ?? headers.Last(HeaderNames.Reason).AsText() ?? UnknownException,
            Message = headers.Last(HeaderNames.FaultMessage).AsText() ?? "The record does not say why it is a dead letter.",
            StackTrace = headers.Last(HeaderNames.FaultStackTrace).AsText(),
            Attempts = (headers.Last(HeaderNames.RedeliveryCount).AsNumber() ?? 0) + 1,
            OriginalTopic = headers.Last(HeaderNames.OriginalTopic).AsText(),
            OriginalPartition = headers.Last(HeaderNames.OriginalPartition).AsNumber(),
            OriginalOffset = headers.Last(HeaderNames.OriginalOffset).AsLong(),
            OriginalTimestamp = headers.Last(HeaderNames.OriginalTimestamp).AsUnixTime(),
            OriginalGroup = headers.Last(HeaderNames.OriginalGroup).AsText(),
            FailedAt = headers.Last(HeaderNames.FaultTimestamp).AsTime() ?? record.Timestamp,
        };
    }
}
