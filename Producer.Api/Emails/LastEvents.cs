using Persistence.Mails;

namespace Producer.Api.Emails;

/// <summary>A mail's state in the words of Resend's <c>last_event</c>.</summary>
internal static class LastEvents
{
    /// <summary>The word of a row.</summary>
    /// <param name="state">The mail's state.</param>
    /// <param name="waits">Whether an attempt has failed for now and another one follows, or a hold has the mail.</param>
    public static string Of(MailState state, bool waits = false) => Of(ReportedStates.Of(state), waits);

    /// <summary>The word.</summary>
    /// <param name="state">The mail's state.</param>
    /// <param name="waits">Whether an attempt has failed for now and another one follows, or a hold has the mail.</param>
    public static string Of(ReportedState state, bool waits = false) => state switch
    {
        ReportedState.Scheduled => "scheduled",
        ReportedState.Queued or ReportedState.Held when waits => "delivery_delayed",
        ReportedState.Queued or ReportedState.Sending => "queued",
        ReportedState.Sent => "sent",
        ReportedState.Canceled => "canceled",
        // Held back from recipients whom the worker's settings leave out.
        ReportedState.Held => "suppressed",
        // Resend has no word for it.
        ReportedState.Unknown => "unknown",
        _ => "failed",
    };
}
