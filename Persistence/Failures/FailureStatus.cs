namespace Persistence.Failures;

/// <summary>How far people have come with a failure.</summary>
public enum FailureStatus
{
    /// <summary>Waits for somebody.</summary>
    Unresolved,

    /// <summary>Its mail was sent again and has not ended yet.</summary>
    Replayed,

    /// <summary>Its mail was sent after all.</summary>
    Resolved,

    /// <summary>A person decided to leave it.</summary>
    Discarded,
}

/// <summary>What was done about a failure.</summary>
public enum FailureActionKind
{
    /// <summary>Sent again as it was.</summary>
    Replay,

    /// <summary>Left permanently.</summary>
    Discard,

    /// <summary>Fixed and sent as another mail.</summary>
    Edit,

    /// <summary>Ended because its mail was sent.</summary>
    Resolve,
}
