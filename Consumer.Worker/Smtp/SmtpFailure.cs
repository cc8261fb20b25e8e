namespace Consumer.Worker.Smtp;

/// <summary>Whose failure it is, and so where the mail goes.</summary>
internal enum FailureKind
{
    /// <summary>This mail will never be taken: dead-letter topic at once.</summary>
    Permanent,

    /// <summary>It may be taken later: delayed redelivery.</summary>
    Transient,

    /// <summary>No mail would be taken now: the endpoint pauses, the mail waits unharmed.</summary>
    DependencyUnavailable,

    /// <summary>It is too fast for the server: the mail waits unharmed and goes again, slower (<see cref="Pace.SmtpPace"/>).</summary>
    Throttled,
}

/// <summary>How the dialogue broke off where no reply of the server says it.</summary>
internal enum SmtpBreak
{
    /// <summary>The connection was lost, or what came was not SMTP.</summary>
    Lost,

    /// <summary>Nothing was lost: the server does not offer what is asked for, or what it offers cannot be used.</summary>
    Unusable,

    /// <summary>The reply did not come in time.</summary>
    TimedOut,

    /// <summary>The worker stops, or the record's partition went to another.</summary>
    Canceled,
}

/// <summary>What becomes of a mail for a failure.</summary>
/// <param name="Kind">Whose failure it is.</param>
/// <param name="MomentCures">Whether another try after a moment is worth it, before the mail is delayed.</param>
/// <param name="OutcomeUnknown">Whether the server may have taken the mail all the same.</param>
/// <param name="OfItself">What the failure is where a probe finds the server well: the mail's, or the recipient's, own.</param>
internal readonly record struct Verdict(FailureKind Kind, bool MomentCures = false, bool OutcomeUnknown = false, FailureKind? OfItself = null)
{
    /// <summary>What a server that throttles asks to be spared of.</summary>
    public Pace.ThrottleScope Scope { get; init; }
}

/// <summary>Why the server did not take a mail, or one of its recipients.</summary>
/// <param name="Phase">Where in the dialogue.</param>
/// <param name="Reply">The server's reply, where it gave one.</param>
/// <param name="Text">What happened, for people.</param>
/// <param name="Verdict">What becomes of the mail.</param>
internal sealed record SmtpFailure(SmtpPhase Phase, SmtpReply? Reply, string Text, Verdict Verdict)
{
    public FailureKind Kind => Verdict.Kind;

    public override string ToString() => Text;
}
