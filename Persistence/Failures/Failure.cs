using System.Text.Json;

namespace Persistence.Failures;

/// <summary>A dead letter and what became of it. Table <c>email.failures</c>, whose comments say more.</summary>
public sealed class Failure
{
    /// <summary>The failure's id, a UUID of version 7: ids sort by the time they were created.</summary>
    public Guid Id { get; init; }

    /// <summary>The dead-letter topic.</summary>
    public string DltTopic { get; init; } = "";

    /// <summary>The record's partition there.</summary>
    public int DltPartition { get; init; }

    /// <summary>Its offset there.</summary>
    public long DltOffset { get; init; }

    /// <summary>Its timestamp there.</summary>
    public DateTimeOffset DltTimestamp { get; init; }

    /// <summary>The mail, where the record says which.</summary>
    public Guid? MailId { get; init; }

    /// <summary>The mail whose id the record has without being it.</summary>
    public Guid? ConflictsWith { get; init; }

    /// <summary>The mail's epoch.</summary>
    public int Epoch { get; init; }

    /// <summary>The original key.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The original value.</summary>
    public byte[]? Value { get; init; }

    /// <summary>All headers as JSON; <see cref="HeaderJson"/> reads them.</summary>
    public JsonDocument? Headers { get; init; }

    /// <summary>The type of the exception.</summary>
    public string ExceptionType { get; init; } = "";

    /// <summary>Its message.</summary>
    public string Message { get; init; } = "";

    /// <summary>Its stack trace.</summary>
    public string? Stack { get; init; }

    /// <summary>What failures of one cause share.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>The mail's subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The address the mail is from.</summary>
    public string? Sender { get; init; }

    /// <summary>Addresses that had not got the mail, in lower case.</summary>
    public string[] Recipients { get; init; } = [];

    /// <summary>Their domains.</summary>
    public string[] Domains { get; init; } = [];

    /// <summary>Codes of the replies that made it fail, such as <c>550 5.1.1</c>.</summary>
    public string[] ReplyCodes { get; init; } = [];

    /// <summary>What it is found by (<see cref="FailureTerms"/>).</summary>
    public string[] SearchTerms { get; init; } = [];

    /// <summary>How often the mail was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>Where the record came from.</summary>
    public string? OriginalTopic { get; init; }

    /// <summary>Its partition there.</summary>
    public int? OriginalPartition { get; init; }

    /// <summary>Its offset there.</summary>
    public long? OriginalOffset { get; init; }

    /// <summary>Its timestamp there.</summary>
    public DateTimeOffset? OriginalTimestamp { get; init; }

    /// <summary>The consumer group that gave it up.</summary>
    public string? OriginalGroup { get; init; }

    /// <summary>Where it stands.</summary>
    public FailureStatus Status { get; init; }

    /// <summary>When a replay was asked for; with <see cref="ReplayedAt"/> null its record may not be produced yet.</summary>
    public DateTimeOffset? ReplayRequestedAt { get; init; }

    /// <summary>When a process claimed the pending replay last.</summary>
    public DateTimeOffset? ReplayClaimedAt { get; init; }

    /// <summary>The epoch that the replay's record carries.</summary>
    public int? ReplayEpoch { get; init; }

    /// <summary>When the replay's record was acknowledged.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }

    /// <summary>The mail that it was sent as: the same, or a new one.</summary>
    public Guid? ReplayedAs { get; init; }

    /// <summary>The failure of the next round, where the replay failed again.</summary>
    public Guid? FailedAgainAs { get; init; }

    /// <summary>1 for the mail's first failure, one more for each replay that failed again.</summary>
    public int Round { get; init; }

    /// <summary>The operation that replayed it.</summary>
    public Guid? OperationId { get; init; }

    /// <summary>When the mail was given up.</summary>
    public DateTimeOffset FailedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What was done about it, where that was asked for, oldest first.</summary>
    public IList<FailureAction> Actions { get; init; } = [];

    /// <summary>Further dead letters that repeat it, where they were asked for.</summary>
    public IList<FailureCopy> Copies { get; init; } = [];
}
