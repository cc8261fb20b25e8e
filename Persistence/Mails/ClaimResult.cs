namespace Persistence.Mails;

/// <summary>What a worker may do with a record: one of the nested cases, and no other.</summary>
public abstract record ClaimResult
{
    private ClaimResult()
    {
    }

    /// <summary>The mail is this worker's: send it to the open recipients.</summary>
    /// <param name="FencingToken">Names this claim when its outcome is recorded.</param>
    /// <param name="OpenRecipients">Those that no attempt has settled yet, in the mail's order.</param>
    /// <param name="Rejected">Those that the server rejected permanently in an earlier attempt of this epoch.</param>
    /// <param name="FirstTimestamp">The timestamp of the mail's first record: when it was accepted.</param>
    /// <param name="MessageIdHeader">The SMTP <c>Message-ID</c> to send it with: the row's, should the record's differ.</param>
    /// <param name="TakenOverFrom">
    /// The worker that was sending the mail when its lease ran out, else null; <see cref="Guid.Empty"/> where the worker left the mail with an
    /// unknown outcome. The server may have taken the mail.
    /// </param>
    public sealed record Claimed(
        long FencingToken,
        IReadOnlyList<Recipient> OpenRecipients,
        IReadOnlyList<string> Rejected,
        DateTimeOffset FirstTimestamp,
        string MessageIdHeader,
        Guid? TakenOverFrom) : ClaimResult;

    /// <summary>Another claim holds the mail. Neither send nor acknowledge: claim again, at the latest when the lease ends.</summary>
    /// <param name="WorkerId">The worker that holds it.</param>
    /// <param name="FencingToken">The token of that claim.</param>
    /// <param name="WorkerName">Its host and process.</param>
    /// <param name="LeaseUntil">When its lease ends unless it is renewed, by the clock of Postgres.</param>
    public sealed record Busy(Guid WorkerId, long FencingToken, string WorkerName, DateTimeOffset LeaseUntil) : ClaimResult;

    /// <summary>This attempt is over but its outbox entry was not published: produce it (again), then mark it published.</summary>
    /// <param name="Kind">Where the mail goes.</param>
    /// <param name="NextAttempt">The attempt to produce; null for a dead letter.</param>
    /// <param name="Due">When that is due; null for a dead letter.</param>
    /// <param name="Reason">Why this attempt did not send the mail.</param>
    public sealed record OutboxPending(OutboxKind Kind, int? NextAttempt, DateTimeOffset? Due, string Reason) : ClaimResult;

    /// <summary>The mail is past this record: acknowledge and drop it.</summary>
    /// <param name="State">The state of the mail.</param>
    /// <param name="Epoch">The epoch that the mail has reached.</param>
    /// <param name="Attempt">The last attempt that was claimed in it.</param>
    /// <param name="IsUnmet">
    /// Whether it is the first record of the mail that was read: the mail was canceled, or had a replay, before. It must not be dropped without
    /// a word: until now nobody knew its content.
    /// </param>
    public sealed record Stale(MailState State, int Epoch, int Attempt, bool IsUnmet = false) : ClaimResult;

    /// <summary>
    /// Another mail came first under the same id, an <c>Idempotency-Key</c> used twice: a permanent failure, to the
    /// dead-letter topic without a link to the mail that owns the id.
    /// </summary>
    public sealed record IdempotencyConflict : ClaimResult;

    /// <summary>The mail is held: it waits in its row, and its record is completed.</summary>
    /// <param name="HoldId">The hold.</param>
    public sealed record Held(Guid HoldId) : ClaimResult;

    /// <summary>
    /// The holds are not those that the mail was compared with: one was made since, or the one that was to hold it is over. Compare it with
    /// those that are in force now, then claim or hold it.
    /// </summary>
    public sealed record HoldsChanged : ClaimResult;

    /// <summary>The claiming worker has no lease (not registered, stopped, or lapsed): heartbeat first, then claim.</summary>
    public sealed record NoLease : ClaimResult;
}
