namespace Persistence.Failures;

/// <summary>Which failures to list. What is null does not restrict.</summary>
public sealed record FailureFilter
{
    /// <summary>Of one status.</summary>
    public FailureStatus? Status { get; init; }

    /// <summary>Of one cause.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Of one mail, also as what it was replayed as, and conflicts with its id.</summary>
    public Guid? MailId { get; init; }

    /// <summary>Of mails that were accepted under this API key, and conflicts with their ids.</summary>
    public Guid? ApiKeyId { get; init; }

    /// <summary>Of mails to one address, in whatever case.</summary>
    public string? Recipient { get; init; }

    /// <summary>Failed at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Failed before this time.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>A failure in a list: without its bytes, headers and stack.</summary>
public sealed record FailureSummary
{
    /// <summary>The failure's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The mail, where known.</summary>
    public required Guid? MailId { get; init; }

    /// <summary>The mail whose id the record has without being it: other content under that id, or a dead letter of another group.</summary>
    public required Guid? ConflictsWith { get; init; }

    /// <summary>The mail's epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>Where it stands.</summary>
    public required FailureStatus Status { get; init; }

    /// <summary>The type of the exception.</summary>
    public required string ExceptionType { get; init; }

    /// <summary>Its message.</summary>
    public required string Message { get; init; }

    /// <summary>What failures of one cause share.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>How often the mail was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>When a replay was asked for.</summary>
    public required DateTimeOffset? ReplayRequestedAt { get; init; }

    /// <summary>When its record was acknowledged.</summary>
    public required DateTimeOffset? ReplayedAt { get; init; }

    /// <summary>What it was replayed as.</summary>
    public required Guid? ReplayedAs { get; init; }

    /// <summary>The failure of the next round, where the replay failed again.</summary>
    public required Guid? FailedAgainAs { get; init; }

    /// <summary>1 for the mail's first failure, one more for each replay that failed again.</summary>
    public required int Round { get; init; }

    /// <summary>When the mail was given up.</summary>
    public required DateTimeOffset FailedAt { get; init; }
}

/// <summary>Failures, newest first.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">For the next page; null on the last.</param>
public sealed record FailurePage(IReadOnlyList<FailureSummary> Items, string? NextCursor);
