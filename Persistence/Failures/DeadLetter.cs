using Contracts;

namespace Persistence.Failures;

/// <summary>A record of the dead-letter topic, parsed into what a failure row has.</summary>
public sealed record DeadLetter
{
    /// <summary>The dead-letter topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The record's partition there.</summary>
    public required int Partition { get; init; }

    /// <summary>Its offset there.</summary>
    public required long Offset { get; init; }

    /// <summary>Its Kafka timestamp there, which tells a topic that was created again from the old one.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The mail, or null where the record does not say or must not be linked (an idempotency conflict).</summary>
    public Guid? MailId { get; init; }

    /// <summary>The mail whose id the record has without being it, where its writer says so: other content under that id (an idempotency conflict).</summary>
    public Guid? ConflictsWith { get; init; }

    /// <summary>
    /// Whether this system's own group gave the record up. Only then is it linked to the mail that it names, and may end it. Default true.
    /// </summary>
    public bool IsOwn { get; init; } = true;

    /// <summary>The mail's epoch.</summary>
    public int Epoch { get; init; }

    /// <summary>The original key.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The original value, byte for byte.</summary>
    public byte[]? Value { get; init; }

    /// <summary>All headers of the record, in their order.</summary>
    public IReadOnlyList<RecordHeader> Headers { get; init; } = [];

    /// <summary>The type of the exception that it died of.</summary>
    public required string ExceptionType { get; init; }

    /// <summary>Its message.</summary>
    public required string Message { get; init; }

    /// <summary>Its stack trace.</summary>
    public string? StackTrace { get; init; }

    /// <summary>How often the mail was tried in this epoch.</summary>
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

    /// <summary>When it was given up.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>
    /// What is left of it for a row that Postgres takes in any case: its bytes and its place, and in the place of its own texts why these
    /// could not be stored. The record itself still has them.
    /// </summary>
    /// <param name="refusal">What Postgres said.</param>
    public DeadLetter Reduced(string refusal) => this with
    {
        Headers = [],
        ExceptionType = ReducedType,
        Message = $"Postgres refuses what the headers of this dead letter say; its bytes and its place are stored. {refusal}",
        StackTrace = null,
        OriginalTopic = null,
        OriginalPartition = null,
        OriginalOffset = null,
        OriginalTimestamp = null,
        OriginalGroup = null,
        FailedAt = Timestamp,
    };

    private const string ReducedType = "DeadLetterRefused";
}
