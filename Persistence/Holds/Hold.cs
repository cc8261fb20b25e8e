namespace Persistence.Holds;

/// <summary>Which mails a hold is on.</summary>
public enum HoldScope
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those of a stream: <c>transactional</c> or <c>bulk</c>.</summary>
    Stream,

    /// <summary>Those from an address.</summary>
    Sender,

    /// <summary>Those with a recipient in a domain, without the domains below it. The whole mail is held, also from its other recipients.</summary>
    Domain,

    /// <summary>Those with a tag: its text, its name with whatever value, or <c>name:value</c>.</summary>
    Tag,

    /// <summary>Those whose subject begins with a text.</summary>
    SubjectPrefix,
}

/// <summary>What becomes of the mails that a hold is on.</summary>
public enum HoldMode
{
    /// <summary>They wait in their rows until the hold ends, and go on then.</summary>
    Wait,

    /// <summary>They are canceled, and stay so.</summary>
    Cancel,
}

/// <summary>A hold that is to be made.</summary>
/// <param name="Scope">Which mails.</param>
/// <param name="Value">Which of that scope; null for <see cref="HoldScope.All"/> alone.</param>
/// <param name="Mode">What becomes of them.</param>
/// <param name="Until">When it ends by itself; null where it does not.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record NewHold(HoldScope Scope, string? Value, HoldMode Mode, DateTimeOffset? Until, string Reason);

/// <summary>A hold: a person's word that some mails wait, or are canceled. Table <c>email.holds</c>.</summary>
public sealed record Hold
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Grows with each hold that is made: who knows of one of a number knows of all before it.</summary>
    public required long Number { get; init; }

    /// <summary>Which mails.</summary>
    public required HoldScope Scope { get; init; }

    /// <summary>Which of that scope; null for <see cref="HoldScope.All"/> alone.</summary>
    public string? Value { get; init; }

    /// <summary>What becomes of them.</summary>
    public required HoldMode Mode { get; init; }

    /// <summary>Whether it is in force by the clock of Postgres: neither released nor past its time.</summary>
    public required bool IsActive { get; init; }

    /// <summary>When it ends by itself; null where it does not.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was released; null where it was not.</summary>
    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>Who released it.</summary>
    public string? ReleasedBy { get; init; }

    /// <summary>Why.</summary>
    public string? ReleaseReason { get; init; }

    /// <summary>How many mails it has in their rows, counted up to <see cref="HoldStore.MostCounted"/>; 0 where they were not counted.</summary>
    public long Waiting { get; init; }
}

/// <summary>The holds in force at a moment.</summary>
/// <param name="Number">The number of the last hold that was made by then, in force or not; 0 before the first.</param>
/// <param name="Holds">Those in force, in the order in which they were made.</param>
public sealed record ActiveHolds(long Number, IReadOnlyList<Hold> Holds)
{
    /// <summary>As known before any was read.</summary>
    public static readonly ActiveHolds None = new(0, []);
}

/// <summary>A page of holds.</summary>
/// <param name="Items">The holds, the newest first.</param>
/// <param name="Next">The number before which the next page goes on; null where there is none.</param>
public sealed record HoldPage(IReadOnlyList<Hold> Items, long? Next);
