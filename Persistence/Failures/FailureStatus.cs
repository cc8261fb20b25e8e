namespace Persistence.Failures;

/// <summary>Where a failure stands.</summary>
public enum FailureStatus
{
    /// <summary>Waits for a decision.</summary>
    Unresolved,

    /// <summary>Its mail was sent again, and the outcome is open.</summary>
    Replayed,

    /// <summary>Its mail was sent again and is dead again: the failure of that round waits for a decision in its place.</summary>
    FailedAgain,

    /// <summary>Its mail was sent after all, or canceled.</summary>
    Resolved,

    /// <summary>A person decided that the mail stays dead.</summary>
    Discarded,
}

/// <summary>What was done about a failure.</summary>
public enum FailureActionKind
{
    /// <summary>Sent again as it was.</summary>
    Replay,

    /// <summary>Sent as another mail, with what was changed.</summary>
    Edit,

    /// <summary>Discarded.</summary>
    Discard,

    /// <summary>A discard was undone.</summary>
    Restore,

    /// <summary>Resolved because its mail was sent or canceled.</summary>
    Resolve,
}
