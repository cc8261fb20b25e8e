using Consumer.Worker.Smtp.Relays;

namespace Consumer.Worker.Smtp;

/// <summary>A mail could not be sent. Its kinds say where the mail goes; the pipeline decides by type alone.</summary>
internal abstract class MailException : Exception
{
    private protected MailException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The mail will never be taken as it is: dead-letter topic at once.</summary>
internal sealed class PermanentMailException(string message, Exception? innerException = null) : MailException(message, innerException);

/// <summary>The server may take the mail later: delayed redelivery, then dead-letter topic.</summary>
internal class TransientMailException(string message, Exception? innerException = null) : MailException(message, innerException);

/// <summary>A moment may cure it (lost connection): tried again in process, then as <see cref="TransientMailException"/>.</summary>
internal sealed class MomentaryMailException(string message, Exception? innerException = null) : TransientMailException(message, innerException);

/// <summary>The mail server takes no mail at all now: the endpoint pauses, the mail waits unharmed.</summary>
internal sealed class SmtpUnavailableException(string message, Exception? innerException = null) : MailException(message, innerException)
{
    /// <summary>The route none of whose relays is available; null where the one mail server of all mails is not.</summary>
    public RelayRoute? Route { get; init; }

    /// <summary>What failed, where that was the opening of a connection.</summary>
    public SmtpFailure? Failure { get; init; }
}
