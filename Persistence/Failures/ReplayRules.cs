using Persistence.Mails;

namespace Persistence.Failures;

/// <summary>The part of a mail's row that decides about its failure.</summary>
internal sealed record MailFacts(MailState State, int Epoch);

/// <summary>What may be done about a failure, decided purely.</summary>
internal static class ReplayRules
{
    /// <summary>Why something cannot be done about a failure; null where it can.</summary>
    public static Refusal? Refuse(FailureActionKind action, FailureStatus status, bool replayPending, int epoch, MailFacts? mail) => action switch
    {
        FailureActionKind.Replay or FailureActionKind.Edit => RefuseReplay(status, replayPending, epoch, mail),
        FailureActionKind.Discard => RefuseDiscard(status, replayPending, epoch, mail),
        FailureActionKind.Restore => RefuseRestore(status, epoch, mail),
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "Nobody decides this."),
    };

    /// <summary>Why a failure cannot be replayed; null where it can.</summary>
    public static Refusal? RefuseReplay(FailureStatus status, bool replayPending, int epoch, MailFacts? mail) =>
        Closed(status, replayPending) ?? (mail is null ? null : MovedOn(mail, epoch));

    /// <summary>Why a failure cannot be discarded; null where it can. What a replay has begun is not canceled by it.</summary>
    public static Refusal? RefuseDiscard(FailureStatus status, bool replayPending, int epoch, MailFacts? mail) =>
        RefuseReplay(status, replayPending, epoch, mail) switch
        {
            // The mail went on without it: closing the failure is then all that is left to do.
            Refusal.MailMovedOn => null,
            var refusal => refusal,
        };

    /// <summary>Why a discard cannot be undone; null where it can: the mail was discarded with it, or has no row.</summary>
    public static Refusal? RefuseRestore(FailureStatus status, int epoch, MailFacts? mail) => status switch
    {
        FailureStatus.Discarded => mail is null || (mail.State == MailState.Discarded && mail.Epoch == epoch) ? null : Refusal.MailMovedOn,
        _ => Refusal.NotDiscarded,
    };

    private static Refusal? Closed(FailureStatus status, bool replayPending) => status switch
    {
        FailureStatus.Replayed => Refusal.Replayed,
        FailureStatus.FailedAgain => Refusal.FailedAgain,
        FailureStatus.Resolved => Refusal.Resolved,
        FailureStatus.Discarded => Refusal.Discarded,
        _ => replayPending ? Refusal.ReplayPending : null,
    };

    private static Refusal? MovedOn(MailFacts mail, int epoch) => mail switch
    {
        { State: MailState.Sending } => Refusal.MailInProgress,
        { State: MailState.Dead } when mail.Epoch == epoch => null,
        _ => Refusal.MailMovedOn,
    };
}
