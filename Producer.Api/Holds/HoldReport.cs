using Persistence.Holds;

namespace Producer.Api.Holds;

/// <summary>A hold: which mails wait, or are canceled, since when and why, and who took it back.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Active">Whether it is in force: neither released nor past its time.</param>
/// <param name="Scope">Which mails it is on.</param>
/// <param name="Mode">What becomes of them.</param>
/// <param name="Reason">Why.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="Waiting">How many mails it has in their rows, counted up to a million. Of one that is over: those that are still to go on.</param>
public sealed record HoldReport(Guid Id, bool Active, HoldScope Scope, HoldMode Mode, string Reason, DateTimeOffset CreatedAt, string CreatedBy, long Waiting)
{
    /// <summary>Which of that scope; absent for <c>all</c>.</summary>
    public string? Value { get; init; }

    /// <summary>When it ends by itself; absent where it does not.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>When it was released; absent where it was not.</summary>
    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>Who released it.</summary>
    public string? ReleasedBy { get; init; }

    /// <summary>Why it was released.</summary>
    public string? ReleaseReason { get; init; }

    internal static HoldReport Of(Hold hold) => new(hold.Id, hold.IsActive, hold.Scope, hold.Mode, hold.Reason, hold.CreatedAt, hold.CreatedBy, hold.Waiting)
    {
        Value = hold.Value,
        Until = hold.Until,
        ReleasedAt = hold.ReleasedAt,
        ReleasedBy = hold.ReleasedBy,
        ReleaseReason = hold.ReleaseReason,
    };
}

/// <summary>A page of holds.</summary>
/// <param name="Items">The holds, the newest first.</param>
/// <param name="NextCursor">From where the next page goes on; absent where there is none.</param>
public sealed record HoldList(IReadOnlyList<HoldReport> Items, string? NextCursor);
