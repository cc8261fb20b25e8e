using Persistence.Ledger;
using Persistence.Mails;

namespace Consumer.Worker.Ledger;

/// <summary>What completes an unfinished mail.</summary>
internal enum Mover
{
    /// <summary>The worker that is sending it, whose lease lasts.</summary>
    Lease,

    /// <summary>A replay that was asked for, which a sweep of the API produces.</summary>
    Replay,

    /// <summary>Its time, or the end of the hold that has it: the row stores the bytes, and a sweep of the workers produces them then.</summary>
    Schedule,

    /// <summary>A record that is still to be read: in the mails' topic or a delay topic.</summary>
    Record,

    /// <summary>Its dead letter, which is still to be read and becomes its failure.</summary>
    DeadLetter,
}

/// <summary>
/// Judges an unfinished mail: what its row waits for, and whether a record that is still to be read is that. Pure.
/// </summary>
internal static class MailProof
{
    /// <summary>What must be there for the mail to go on; a lease, a pending replay and the bytes of a scheduled or held mail are in the database themselves.</summary>
    public static Mover Waits(OpenMail mail) => mail.Row switch
    {
        { State: MailState.Sending, Holder: Holder.Live } => Mover.Lease,
        { State: MailState.Queued, Attempt: 0 } when mail.ReplayPending => Mover.Replay,
        { State: MailState.Scheduled, OutboxEntry: not null } => Mover.Schedule,
        { State: MailState.Held or MailState.Queued, OutboxEntry: OutboxKind.Schedule, OutboxPublished: false } => Mover.Schedule,
        { State: MailState.Dead, OutboxPublished: true } => Mover.DeadLetter,
        _ => Mover.Record,
    };

    /// <summary>
    /// Whether a record that is still to be read moves the mail on: a worker that read it would not drop it. Whoever held the mail
    /// is gone by then, so a lease does not count.
    /// </summary>
    /// <param name="mail">The mail.</param>
    /// <param name="epoch">The record's epoch.</param>
    /// <param name="attempt">The record's attempt.</param>
    public static bool IsMovedBy(OpenMail mail, int epoch, int attempt) =>
        Transitions.Decide(mail.Row with { Holder = Holder.Lapsed, OtherContent = false }, epoch, attempt) is not ClaimDecision.Stale;

    /// <summary>Whether a dead letter that is still to be read ends the mail: its failure is of the epoch that died.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="epoch">The dead letter's epoch.</param>
    public static bool IsEndedBy(OpenMail mail, int epoch) => epoch == mail.Row.Epoch;

    /// <summary>The record that would move the mail on: what a repair writes.</summary>
    public static RecordIdentity Needed(OpenMail mail) => new(
        mail.Id,
        mail.Row.Epoch,
        mail.Row is { State: MailState.Queued or MailState.Scheduled, OutboxEntry: OutboxKind.Redelivery or OutboxKind.Schedule, OutboxPublished: true }
            ? Math.Max(mail.NextAttempt ?? 0, mail.Row.Attempt + 1)
            : Math.Max(mail.Row.Attempt, 1));
}
