using System.Text.Json;
using Persistence.Failures;
using Persistence.Keys;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary>A failure with all that is known of it. A key without <c>read</c>, which may act on it all the same, gets it without message, stack, subject, addresses, key, value and headers.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">What became of it.</param>
/// <param name="ReplayPending">Whether a replay was asked for whose record Kafka has not acknowledged yet.</param>
public sealed record FailureReport(Guid Id, FailureStatus Status, bool ReplayPending)
{
    /// <summary>The mail; null where the record does not say which, or is another mail's copy.</summary>
    public Guid? MailId { get; init; }

    /// <summary>The mail whose id the record came with without being it: other content under that id, or a dead letter of another group.</summary>
    public Guid? ConflictsWith { get; init; }

    /// <summary>The mail's epoch that failed.</summary>
    public int Epoch { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was given up.</summary>
    public DateTimeOffset FailedAt { get; init; }

    /// <summary>The type of the exception.</summary>
    public string ExceptionType { get; init; } = "";

    /// <summary>Its message.</summary>
    public string? Message { get; init; }

    /// <summary>The cause in plain words.</summary>
    public string Title { get; init; } = "";

    /// <summary>Its stack trace, cut at 8,192 characters.</summary>
    public string? Stack { get; init; }

    /// <summary>What failures of one cause share.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>The mail's subject, where its record could be read.</summary>
    public string? Subject { get; init; }

    /// <summary>The address the mail is from, where its record could be read.</summary>
    public string? Sender { get; init; }

    /// <summary>Addresses that had not got the mail, in lower case.</summary>
    public IReadOnlyList<string>? Recipients { get; init; }

    /// <summary>Codes of the replies that made it fail, such as `550 5.1.1`.</summary>
    public IReadOnlyList<string> ReplyCodes { get; init; } = [];

    /// <summary>Where the record first lay.</summary>
    public RecordPosition? Original { get; init; }

    /// <summary>Where the dead letter lies.</summary>
    public required RecordPosition DeadLetter { get; init; }

    /// <summary>The record's key.</summary>
    public Bytes? Key { get; init; }

    /// <summary>The record's value.</summary>
    public Bytes? Value { get; init; }

    /// <summary>The dead letter's headers, in order.</summary>
    public IReadOnlyList<HeaderReport>? Headers { get; init; }

    /// <summary>When a replay was asked for.</summary>
    public DateTimeOffset? ReplayRequestedAt { get; init; }

    /// <summary>When Kafka acknowledged the replay.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }

    /// <summary>The mail it was replayed as.</summary>
    public Guid? ReplayedAs { get; init; }

    /// <summary>The failure of the next round, where the replay failed again.</summary>
    public Guid? FailedAgainAs { get; init; }

    /// <summary>1 for the mail's first failure, one more for each replay that failed again.</summary>
    public int Round { get; init; }

    /// <summary>What was done about it, oldest first.</summary>
    public IReadOnlyList<ActionReport> Actions { get; init; } = [];

    /// <summary>How many further dead letters say the same.</summary>
    public int Copies { get; init; }

    /// <summary>As a caller may see it: without <c>read</c> only what became of it.</summary>
    internal FailureReport SeenBy(Caller caller) => caller.Has(KeyScope.Read) ? this : this with
    {
        Message = null,
        Stack = null,
        Subject = null,
        Sender = null,
        Recipients = null,
        Key = null,
        Value = null,
        Headers = null,
        // Of an edit they have what it changed.
        Actions = [.. Actions.Select(action => action with { Before = null, After = null })],
    };

    internal static FailureReport Of(Failure failure) =>
        new(failure.Id, failure.Status, failure is { ReplayRequestedAt: not null, ReplayedAt: null, Status: FailureStatus.Unresolved })
        {
            MailId = failure.MailId,
            ConflictsWith = failure.ConflictsWith,
            Epoch = failure.Epoch,
            Attempts = failure.Attempts,
            FailedAt = failure.FailedAt,
            ExceptionType = failure.ExceptionType,
            Message = failure.Message,
            Title = CauseTitle.Of(failure.ExceptionType, failure.Message).Text,
            Stack = failure.Stack,
            Fingerprint = failure.Fingerprint,
            Subject = failure.Subject,
            Sender = failure.Sender,
            Recipients = failure.Recipients,
            ReplyCodes = failure.ReplyCodes,
            Original = failure is { OriginalTopic: { } topic, OriginalPartition: { } partition, OriginalOffset: { } offset }
                ? new RecordPosition(topic, partition, offset, failure.OriginalTimestamp, failure.OriginalGroup)
                : null,
            DeadLetter = new RecordPosition(failure.DltTopic, failure.DltPartition, failure.DltOffset, failure.DltTimestamp, Group: null),
            Key = Bytes.Of(failure.Key),
            Value = Bytes.Of(failure.Value, withJson: true),
            Headers = [.. HeaderJson.Read(failure.Headers).Select(HeaderReport.Of)],
            ReplayRequestedAt = failure.ReplayRequestedAt,
            ReplayedAt = failure.ReplayedAt,
            ReplayedAs = failure.ReplayedAs,
            FailedAgainAs = failure.FailedAgainAs,
            Round = failure.Round,
            Actions = [.. failure.Actions.Select(ActionReport.Of)],
            Copies = failure.Copies.Count,
        };
}

/// <summary>A place in Kafka.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset.</param>
/// <param name="Timestamp">The record's timestamp.</param>
/// <param name="Group">The consumer group in which it failed.</param>
public sealed record RecordPosition(string Topic, int Partition, long Offset, DateTimeOffset? Timestamp, string? Group);

/// <summary>One thing that was done about a failure.</summary>
/// <param name="Action">What was done.</param>
/// <param name="At">When.</param>
/// <param name="Actor">Who.</param>
/// <param name="Reason">Why.</param>
/// <param name="OperationId">The operation that it was a part of.</param>
/// <param name="Before">Failure and mail before it.</param>
/// <param name="After">Failure and mail after it.</param>
public sealed record ActionReport(
    FailureActionKind Action, DateTimeOffset At, string Actor, string? Reason, Guid? OperationId, JsonElement? Before, JsonElement? After)
{
    internal static ActionReport Of(FailureAction action) =>
        new(action.Action, action.At, action.Actor, action.Reason, action.OperationId, action.Before?.RootElement, action.After?.RootElement);
}
