namespace Persistence.Mails;

/// <summary>
/// What a worker records of the mails it sends: the claim before, the outcome after. Every method can be repeated after a
/// response was lost, and many may be called at once. What was waited for in vain may have been written.
/// </summary>
public interface IMailStore
{
    /// <summary>Claims the mail of a record for a worker, or says why not.</summary>
    /// <param name="record">The record.</param>
    /// <param name="workerId">A registered worker with a live lease.</param>
    /// <param name="reclaim">
    /// The token of a claim of this same worker that is reclaimed: one that none of its tasks holds, so that a claim whose result was lost
    /// does not leave the mail busy as long as the worker runs. <see cref="ClaimResult.Busy"/> names it.
    /// </param>
    /// <param name="holds">
    /// The number of the last hold that the mail was compared with, and that is not on it; 0 before the first. Where one was made since,
    /// nothing is claimed: <see cref="ClaimResult.HoldsChanged"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, long? reclaim = null, long holds = 0, CancellationToken cancellationToken = default);

    /// <summary>
    /// Holds the mail of a record in the place of claiming it, or says why not, as for a claim; never <see cref="ClaimResult.Claimed"/>. The
    /// mail waits in its row until the hold ends.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="holdId">The hold that is on it; where that is over, nothing is held: <see cref="ClaimResult.HoldsChanged"/>.</param>
    /// <param name="waiting">What is to be produced once the hold ends: the record itself, as this attempt.</param>
    /// <param name="workerId">A registered worker with a live lease.</param>
    /// <param name="reclaim">As for a claim: nothing was sent under that one, so the mail is held in its place.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ClaimResult> HoldAsync(
        MailRecord record, Guid holdId, WaitingRecord waiting, Guid workerId, long? reclaim = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the server took the mail, and resolves the mail's failures. The server's reply is stored under whatever
    /// fencing token: nobody sends the mail again.
    /// </summary>
    /// <param name="record">The record that was sent.</param>
    /// <param name="fencingToken">The claim it was sent under.</param>
    /// <param name="replies">The server's replies by recipient.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the claim was still the mail's current one.</returns>
    Task<bool> RecordSentAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes what comes next for a mail that was not sent, before its record is produced: <c>queued</c> for a redelivery,
    /// <c>dead</c> for a dead letter. Produce it only where this returns true.
    /// </summary>
    /// <param name="record">The record that failed.</param>
    /// <param name="fencingToken">The claim it failed under.</param>
    /// <param name="outboxEntry">What comes next.</param>
    /// <param name="replies">The server's replies by recipient, as far as they came.</param>
    /// <param name="error">What went wrong, for people; the outbox entry's reason where it is null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now: that one decides, and only accepted recipients are stored.</returns>
    Task<bool> WriteOutboxEntryAsync(
        MailRecord record,
        long fencingToken,
        OutboxEntry outboxEntry,
        IReadOnlyCollection<RecipientReply> replies,
        string? error = null,
        CancellationToken cancellationToken = default);

    /// <summary>Records that a mail is held back from some of its recipients, and is over by that.</summary>
    /// <param name="record">The record.</param>
    /// <param name="fencingToken">The claim it was reached under.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="replies">The server's replies by recipient; those that are held back are pending, with the reason.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now: that one decides, and only accepted recipients are stored.</returns>
    Task<bool> HoldBackAsync(
        MailRecord record, long fencingToken, string reason, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default);

    /// <summary>Marks the outbox entry as published: its record is acknowledged, and a copy of this record is dropped from now on.</summary>
    /// <param name="identity">The record whose attempt wrote the entry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail has moved on by itself, which makes no difference.</returns>
    Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default);

    /// <summary>
    /// Leaves a mail whose attempt has not ended: the server is unavailable, the worker stops, or it does not know its own claim. The replies
    /// there are are written. Where all is known the mail is <c>queued</c>, and the same record claims it again for the recipients that are open.
    /// Where the server may have taken it, it is nobody's: whoever claims it takes it over, and so learns that its outcome is unknown.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="fencingToken">The claim.</param>
    /// <param name="replies">The server's replies by recipient.</param>
    /// <param name="isUnknown">Whether the server may have taken the mail, also where no reply says <see cref="RecipientOutcome.Unknown"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now; what was accepted is stored all the same.</returns>
    Task<bool> LeaveAsync(
        MailRecord record,
        long fencingToken,
        IReadOnlyCollection<RecipientReply> replies,
        bool isUnknown = false,
        CancellationToken cancellationToken = default);

    /// <summary>Which of some mails a worker has claimed and is still sending.</summary>
    /// <param name="workerId">The worker.</param>
    /// <param name="mailIds">The mails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
        Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default);
}

/// <summary>A claim that a worker holds.</summary>
/// <param name="Identity">The record that it was made for.</param>
/// <param name="FencingToken">Its token.</param>
/// <param name="IsTakenOver">Whether it took the mail over, so that the outcome of an earlier claim is unknown.</param>
public sealed record HeldClaim(RecordIdentity Identity, long FencingToken, bool IsTakenOver);
