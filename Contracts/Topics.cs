namespace Contracts;

/// <summary>The Kafka topics of mail dispatch. An installation may have a prefix before all of them (<c>Kafka:TopicPrefix</c>).</summary>
public static class Topics
{
    /// <summary>Where accepted mails wait to be sent. Key: the mail's ordering key or its id, as UTF-8 text.</summary>
    public const string EmailSend = "email.send";

    /// <summary>Where accepted mails of the stream <see cref="MailStream.Bulk"/> wait to be sent; read by the same group, and otherwise alike.</summary>
    public const string EmailSendBulk = EmailSend + ".bulk";

    /// <summary>
    /// Starts the name of every delay topic; the tier follows (<c>email.send.delay.1s</c>). Tiers are an option of the rider.
    /// </summary>
    public const string EmailSendDelayPrefix = EmailSend + ".delay.";

    /// <summary>Where a mail goes that could not be sent: its original bytes, with the fault in headers.</summary>
    public const string EmailSendDeadLetter = EmailSend + ".dlt";
}
