using Persistence.Deliveries;

namespace Persistence.Failures;

/// <summary>The part of a mail's row that decides about its failure.</summary>
internal sealed record MailFacts(MailState State, int Generation);

/// <summary>What may be done about a failure, decided purely.</summary>
internal static class ReplayRules
{
    /// <summary>Why a failure cannot be replayed; null where it can.</summary>
    public static Refusal? RefuseReplay(FailureStatus status, bool replayPending, int generation, MailFacts? mail) =>
        Closed(status, replayPending) ?? (mail is null ? null : MovedOn(mail, generation));

    /// <summary>Why a failure cannot be discarded; null where it can. What a replay has begun is not called back by it.</summary>
    public static Refusal? RefuseDiscard(FailureStatus status, bool replayPending, int generation, MailFacts? mail) =>
        RefuseReplay(status, replayPending, generation, mail) switch
        {
            // The mail went on without it: closing the failure is then all that is left to do.
            Refusal.MailMovedOn => null,
            var refusal => refusal,
        };

    private static Refusal? Closed(FailureStatus status, bool replayPending) => status switch
    {
        FailureStatus.Replayed => Refusal.Replayed,
        FailureStatus.Resolved => Refusal.Resolved,
        FailureStatus.Discarded => Refusal.Discarded,
        _ => replayPending ? Refusal.ReplayPending : null,
    };

    private static Refusal? MovedOn(MailFacts mail, int generation) => mail switch
    {
        { State: MailState.Sending } => Refusal.MailInProgress,
        { State: MailState.Dead } when mail.Generation == generation => null,
        _ => Refusal.MailMovedOn,
    };
}
