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

    /// <summary>Reads it.</summary>
    /// <param name="record">The dead letter.</param>
    /// <param name="names">What this installation is called: another's dead letter is linked to no mail of this one.</param>
    public static DeadLetter Read(KafkaRecord record, MailTopics names)
    {
        var headers = record.Headers.ToRecord();
        var other = names.OtherInstallation(record.Headers);
        // An id that another installation gave out is not one of this one's mails.
        var named = other is null ? headers.Last(HeaderNames.MessageId).AsId() : null;
        var conflicts = headers.Last(HeaderNames.FaultConflict) is not null;
        var (originalTopic, originalGroup) = (headers.Last(HeaderNames.OriginalTopic).AsText(), headers.Last(HeaderNames.OriginalGroup).AsText());
        var message = headers.Last(HeaderNames.FaultMessage).AsText() ?? "The record does not say why it is a dead letter.";
        return new DeadLetter
        {
            Topic = record.Topic,
            Partition = record.Partition,
            Offset = record.Offset,
            Timestamp = record.Timestamp,
            // The id of a conflict belongs to another mail, and that of another installation's record to a mail there: a link would show the wrong mail as failed.
            MailId = conflicts ? null : named,
            ConflictsWith = conflicts ? named : null,
            IsOwn = originalGroup == names.Group && names.IsMails(originalTopic),
            Epoch = headers.Last(HeaderNames.Epoch).AsNumber() ?? 0,
            Key = record.Key,
            Value = record.Value,
            Headers = headers,
            ExceptionType = headers.Last(HeaderNames.FaultExceptionType).AsText() ?? headers.Last(HeaderNames.Reason).AsText() ?? UnknownException,
            Message = other is null ? message : $"Of installation '{other}', and this one is '{names.Installation}': {message}",
            StackTrace = headers.Last(HeaderNames.FaultStackTrace).AsText(),
            Attempts = (headers.Last(HeaderNames.RedeliveryCount).AsNumber() ?? 0) + 1,
            OriginalTopic = originalTopic,
            OriginalPartition = headers.Last(HeaderNames.OriginalPartition).AsNumber(),
            OriginalOffset = headers.Last(HeaderNames.OriginalOffset).AsLong(),
            OriginalTimestamp = headers.Last(HeaderNames.OriginalTimestamp).AsUnixTime(),
            OriginalGroup = originalGroup,
            FailedAt = headers.Last(HeaderNames.FaultTimestamp).AsTime() ?? record.Timestamp,
        };
    }
}
