namespace Persistence.Mails;

/// <summary>What to do with a record that meets a mail's row.</summary>
public enum ClaimDecision
{
    /// <summary>Nobody works on the mail and it is this record's turn.</summary>
    Claim,

    /// <summary>The worker that was sending the mail lost its lease, or left it with an unknown outcome.</summary>
    TakeOver,

    /// <summary>The record is of an epoch that the row has not seen: raise the row, then claim.</summary>
    Raise,

    /// <summary>A live lease protects the mail.</summary>
    Busy,

    /// <summary>This record's outbox entry was not published.</summary>
    OutboxPending,

    /// <summary>The mail is past this record.</summary>
    Stale,

    /// <summary>Another mail under the same id.</summary>
    IdempotencyConflict,

    /// <summary>A scheduled mail's record, which a clock says is not due: its row says that it is, or was. The claim is to decide, by the record's own attempt.</summary>
    Due,
}

/// <summary>Who holds a mail that is being sent, seen from the claiming worker.</summary>
public enum Holder
{
    /// <summary>Nobody with a lease.</summary>
    Lapsed,

    /// <summary>A worker with a live lease.</summary>
    Live,

    /// <summary>
    /// The claiming worker itself, none of whose tasks holds that claim: its result was lost, and nothing was sent under it.
    /// </summary>
    Own,
}

/// <summary>The part of a mail's row that decides about a claim.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Attempt">The last attempt that was claimed; 0 where a replay has not been claimed yet.</param>
/// <param name="State">Its state.</param>
/// <param name="OutboxEntry">What comes next, where the last attempt wrote an outbox entry.</param>
/// <param name="OutboxPublished">Whether that was published.</param>
/// <param name="Holder">Who holds it; looked at only while it is being sent.</param>
/// <param name="OtherContent">Whether the row's first record had another value, at another offset, than the claiming one. All records of one mail have one value.</param>
public sealed record RowFacts(
    int Epoch,
    int Attempt,
    MailState State,
    OutboxKind? OutboxEntry,
    bool OutboxPublished,
    Holder Holder,
    bool OtherContent);

/// <summary>
/// The claim, decided purely. <see cref="ClaimSql"/> has the same rule in SQL; a test compares
/// the two for every combination.
/// </summary>
public static class Transitions
{
    /// <summary>Decides about a record.</summary>
    /// <param name="row">The mail's row, or null where it has none.</param>
    /// <param name="epoch">The record's epoch.</param>
    /// <param name="attempt">The record's attempt; 0 for a scheduled mail's record that is not due, whose "claim" is to store it.</param>
    public static ClaimDecision Decide(RowFacts? row, int epoch, int attempt) => row switch
    {
        null => ClaimDecision.Claim,
        // Before all else: a record of another mail is never taken for a copy of this one, whatever its headers say, and dropped.
        { OtherContent: true } => ClaimDecision.IdempotencyConflict,
        { } known when epoch < known.Epoch => ClaimDecision.Stale,
        { } known when epoch > known.Epoch => OfNewEpoch(known),
        { } known => OfSameEpoch(known, attempt),
    };

    private static ClaimDecision OfSameEpoch(RowFacts row, int attempt) => row.State switch
    {
        _ when attempt < row.Attempt => ClaimDecision.Stale,
        MailState.Sending => WhileSending(row.Holder),
        MailState.Queued or MailState.Scheduled when attempt > row.Attempt || row.OutboxEntry is null => ClaimDecision.Claim,
        MailState.Queued when row is { Attempt: 0, OutboxEntry: OutboxKind.Schedule, OutboxPublished: true } => ClaimDecision.Due,
        // A hold put the attempt after this one into the row.
        MailState.Queued or MailState.Scheduled when row is { Attempt: > 0, OutboxEntry: OutboxKind.Schedule } => ClaimDecision.Stale,
        MailState.Queued or MailState.Scheduled or MailState.Dead when IsPending(row, attempt) => ClaimDecision.OutboxPending,
        _ => ClaimDecision.Stale,
    };

    /// <summary>
    /// A replay raises the row before it produces the record, so the row is behind only where Postgres lost that
    /// transaction. What is sent, canceled or discarded stays so.
    /// </summary>
    private static ClaimDecision OfNewEpoch(RowFacts row) => row.State switch
    {
        MailState.Sending when row.Holder != Holder.Lapsed => ClaimDecision.Busy,
        MailState.Sending or MailState.Queued or MailState.Scheduled or MailState.Dead => ClaimDecision.Raise,
        // By a hold; what the worker's settings hold back has ended.
        MailState.Held when row.OutboxEntry == OutboxKind.Schedule => ClaimDecision.Raise,
        _ => ClaimDecision.Stale,
    };

    private static ClaimDecision WhileSending(Holder holder) => holder switch
    {
        Holder.Live => ClaimDecision.Busy,
        Holder.Own => ClaimDecision.Claim,
        _ => ClaimDecision.TakeOver,
    };

    private static bool IsPending(RowFacts row, int attempt) =>
        attempt == row.Attempt && row.OutboxEntry is not null && !row.OutboxPublished;
}
