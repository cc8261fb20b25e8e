using System.Globalization;
using System.Text;
using Consumer.Worker.Sending;
using Contracts;
using MassTransit;
using Persistence.Failures;

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
        var headers = new HeaderText(record.Headers);
        var exceptionType = headers[HeaderNames.FaultExceptionType] ?? headers[HeaderNames.Reason] ?? UnknownException;
        return new DeadLetter
        {
            Topic = record.Topic,
            Partition = record.Partition,
            Offset = record.Offset,
            Timestamp = record.Timestamp,
            MailId = IsConflict(exceptionType) ? null : headers.Guid(HeaderNames.MessageId),
            Epoch = headers.Number(HeaderNames.Epoch) ?? 0,
            Key = record.Key,
            Value = record.Value,
            Headers = [.. record.Headers.Select(header => new RecordHeader(header.Name, header.Value is { } bytes ? bytes : null))],
            ExceptionType = exceptionType,
            Message = headers[HeaderNames.FaultMessage] ?? "The record does not say why it is a dead letter.",
            StackTrace = headers[HeaderNames.FaultStackTrace],
            Attempts = (headers.Number(HeaderNames.RedeliveryCount) ?? 0) + 1,
            OriginalTopic = headers[HeaderNames.OriginalTopic],
            OriginalPartition = headers.Number(HeaderNames.OriginalPartition),
            OriginalOffset = headers.LongNumber(HeaderNames.OriginalOffset),
            OriginalTimestamp = headers.UnixTime(HeaderNames.OriginalTimestamp),
            OriginalGroup = headers[HeaderNames.OriginalGroup],
            FailedAt = headers.Time(HeaderNames.FaultTimestamp) ?? record.Timestamp,
        };
    }

    /// <summary>Its id belongs to another mail: a link would show that mail as failed.</summary>
    private static bool IsConflict(string exceptionType) =>
        exceptionType.EndsWith(nameof(IdempotencyConflictException), StringComparison.Ordinal);

    /// <summary>Headers as text; of a name that repeats the last one counts.</summary>
    private sealed class HeaderText(IReadOnlyList<KafkaHeader> headers)
    {
        private static readonly long LastUnixTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

        public string? this[string name] => headers.LastOrDefault(header => header.Name == name).Value is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

        public Guid? Guid(string name) => System.Guid.TryParse(this[name], out var id) ? id : null;

        public int? Number(string name) =>
            int.TryParse(this[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue ? number : null;

        public long? LongNumber(string name) => long.TryParse(this[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

        public DateTimeOffset? UnixTime(string name) => LongNumber(name) is { } time && time <= LastUnixTime ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;

        public DateTimeOffset? Time(string name) =>
            DateTimeOffset.TryParse(this[name], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
    }
}
