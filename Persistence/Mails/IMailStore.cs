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
    /// <param name="reclaimOwn">
    /// Whether a claim that this same worker holds is reclaimed: true only where none of its tasks works on the mail, so that
    /// a claim whose response was lost does not leave the mail busy as long as the worker runs.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, bool reclaimOwn = false, CancellationToken cancellationToken = default);

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

    /// <summary>Marks the outbox entry as published: its record is acknowledged, and a copy of this record is dropped from now on.</summary>
    /// <param name="identity">The record whose attempt wrote the entry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail has moved on by itself, which makes no difference.</returns>
    Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default);

    /// <summary>
    /// Releases a claim under which nothing was sent (the server is away, the worker stops): the same record claims
    /// the mail again.
    /// </summary>
    /// <param name="identity">The record.</param>
    /// <param name="fencingToken">The claim.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now.</returns>
    Task<bool> ReleaseAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default);

    /// <summary>
    /// Releases a claim under which some recipients were settled and others were not tried or may be tried again: the same record claims
    /// the mail again, for those that are open.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="fencingToken">The claim.</param>
    /// <param name="replies">The server's replies by recipient, none of which leaves the outcome unknown.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now; what was accepted is stored all the same.</returns>
    Task<bool> ReleaseAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default);

    /// <summary>Which of some mails a worker has claimed and is still sending.</summary>
    /// <param name="workerId">The worker.</param>
    /// <param name="mailIds">The mails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
        Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default);

    /// <summary>
    /// Abandons a claim under which the mail may have been sent: any worker may take the mail over at once, as from one whose lease ran
    /// out, and so learns that the outcome is unknown.
    /// </summary>
    /// <param name="identity">The record.</param>
    /// <param name="fencingToken">The claim.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail is another claim's by now.</returns>
    Task<bool> AbandonAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default);
}

/// <summary>A claim that a worker holds.</summary>
/// <param name="Identity">The record that it was made for.</param>
/// <param name="FencingToken">Its token.</param>
public sealed record HeldClaim(RecordIdentity Identity, long FencingToken);
