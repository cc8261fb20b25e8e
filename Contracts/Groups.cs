namespace Contracts;

/// <summary>
/// The Kafka consumer groups of mail dispatch. Each belongs to its service: whoever else joins one takes records away from it.
/// An installation may have a prefix before all of them (<c>Kafka:GroupPrefix</c>).
/// </summary>
public static class Groups
{
    /// <summary>Sends mails: reads <see cref="Topics.EmailSend"/> and <see cref="Topics.EmailSendBulk"/>.</summary>
    public const string EmailSend = "email-send-group";

    /// <summary>Records failures: reads <see cref="Topics.EmailSendDeadLetter"/>.</summary>
    public const string EmailSendDeadLetter = "email-send-dlt-group";

    /// <summary>Brings delayed records back when they are due: reads the delay topics. Its lag is what waits.</summary>
    public const string EmailSendDelay = "email-send-delay-group";
}
