namespace Persistence.Failures;

/// <summary>What the failures of a group share.</summary>
public enum FailureGroupBy
{
    /// <summary>The cause: the key is the fingerprint.</summary>
    Cause,

    /// <summary>The domain of an address that had not got the mail; a failure with several is in the group of each.</summary>
    Domain,

    /// <summary>The code of a reply; a failure with several is in the group of each.</summary>
    Code,

    /// <summary>The address the mail is from.</summary>
    Sender,
}

/// <summary>Failures that share something.</summary>
public sealed record FailureGroup
{
    /// <summary>What they share: of causes the fingerprint.</summary>
    public required string Key { get; init; }

    /// <summary>How many wait for a decision.</summary>
    public required long Open { get; init; }

    /// <summary>How many were replayed and failed again.</summary>
    public required long FailedAgain { get; init; }

    /// <summary>How many there are in all.</summary>
    public required long Failures { get; init; }

    /// <summary>How many mails those are: of one that failed again the last round counts.</summary>
    public required long Mails { get; init; }

    /// <summary>When the first failed.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>When the last failed.</summary>
    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>How many failed in each of the last 24 hours, the present one last.</summary>
    public required IReadOnlyList<int> Hours { get; init; }

    /// <summary>The exception's type, of the last.</summary>
    public required string ExceptionType { get; init; }

    /// <summary>Its message, of the last.</summary>
    public required string Message { get; init; }

    /// <summary>What people wrote down about it.</summary>
    public required GroupNote? Note { get; init; }

    /// <summary>The last operation on it.</summary>
    public required GroupOperation? LastOperation { get; init; }
}

/// <summary>What people wrote down about a group.</summary>
/// <param name="Text">What is known about it.</param>
/// <param name="Owner">Who looks after it.</param>
/// <param name="Ticket">Where it is worked on.</param>
public sealed record GroupNote(string? Text, string? Owner, string? Ticket)
{
    /// <summary>When it was written.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Who wrote it.</summary>
    public string UpdatedBy { get; init; } = "";
}

/// <summary>An operation whose filter has a group.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Action">What it does.</param>
/// <param name="State">Where it stands.</param>
/// <param name="CreatedAt">When it began.</param>
public sealed record GroupOperation(Guid Id, string Action, string State, DateTimeOffset CreatedAt);
