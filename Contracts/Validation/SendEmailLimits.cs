namespace Contracts.Validation;

/// <summary>How much a mail may hold. Its whole size is bounded by the topic's largest message.</summary>
public static class SendEmailLimits
{
    /// <summary>Recipients in to, cc and bcc together: what every SMTP server must take in one transaction (RFC 5321, 4.5.3.1.8).</summary>
    public const int Recipients = 100;

    /// <summary>Addresses in reply_to.</summary>
    public const int ReplyTo = 10;

    /// <summary>Octets of an address, its domain in ASCII, without its display name (RFC 5321, 4.5.3.1.3, less the angle brackets).</summary>
    public const int AddressLength = 254;

    /// <summary>Octets of the part before the @ (RFC 5321, 4.5.3.1.1).</summary>
    public const int LocalPartLength = 64;

    /// <summary>Characters of an address with its display name.</summary>
    public const int MailboxLength = 500;

    /// <summary>Characters of the subject: one unfolded line (RFC 5322, 2.1.1).</summary>
    public const int SubjectLength = 998;

    /// <summary>How far ahead a mail may be scheduled, from when it is accepted.</summary>
    public static readonly TimeSpan ScheduledAhead = TimeSpan.FromDays(30);

    /// <summary>Attachments. What they may hold together is bounded by the mail's whole size.</summary>
    public const int Attachments = 100;

    /// <summary>Characters of an attachment's file name, as most file systems take it.</summary>
    public const int FilenameLength = 255;

    /// <summary>Characters of an attachment's media type with its parameters.</summary>
    public const int ContentTypeLength = 200;

    /// <summary>Characters of an attachment's content id: a header line that need not be folded.</summary>
    public const int ContentIdLength = 128;

    /// <summary>Further header fields.</summary>
    public const int Headers = 50;

    /// <summary>Characters of a header's name: the name and its colon fit a line that need not be folded.</summary>
    public const int HeaderNameLength = 76;

    /// <summary>Characters of a header's value.</summary>
    public const int HeaderValueLength = 4_000;

    /// <summary>Tags.</summary>
    public const int Tags = 20;

    /// <summary>Characters of a tag, of its name and of its value.</summary>
    public const int TagLength = 256;

    /// <summary>UTF-8 bytes of the ordering key, which becomes the Kafka key.</summary>
    public const int OrderingKeyBytes = 256;

    /// <summary>Errors that are listed for one mail; one more entry says how many there are beyond them.</summary>
    public const int Errors = 100;

    /// <summary>Characters of the path in an error, which may hold a name from the mail: longer ones are cut.</summary>
    public const int ErrorPathLength = 120;
}
