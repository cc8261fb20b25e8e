using Persistence.Mails;

namespace Producer.Api.Emails;

/// <summary>A mail's state in the words of Resend's <c>last_event</c>.</summary>
internal static class LastEvents
{
    /// <summary>The word.</summary>
    /// <param name="state">The mail's state.</param>
    /// <param name="waits">Whether an attempt has failed for now and another one follows, or a hold has the mail.</param>
    public static string Of(MailState state, bool waits = false) => state switch
    {
        MailState.Scheduled => "scheduled",
        MailState.Queued or MailState.Held when waits => "delivery_delayed",
        MailState.Queued or MailState.Sending => "queued",
        MailState.Sent => "sent",
        MailState.Canceled => "canceled",
        // Held back from recipients whom the worker's settings leave out.
        MailState.Held => "suppressed",
        _ => "failed",
    };
}
