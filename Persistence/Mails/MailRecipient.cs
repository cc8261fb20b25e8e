namespace Persistence.Mails;

/// <summary>One recipient of a mail and what became of it. Table <c>email.mail_recipients</c>.</summary>
public sealed class MailRecipient
{
    /// <summary>The mail.</summary>
    public Guid MailId { get; init; }

    /// <summary>The bare address.</summary>
    public string Address { get; init; } = "";

    /// <summary>Its place among the recipients, from 1.</summary>
    public int Ordinal { get; init; }

    /// <summary>The field that names it.</summary>
    public RecipientKind Kind { get; init; }

    /// <summary>What became of it.</summary>
    public RecipientOutcome Outcome { get; init; }

    /// <summary>The last SMTP reply code.</summary>
    public int? ReplyCode { get; init; }

    /// <summary>The last enhanced status code.</summary>
    public string? EnhancedCode { get; init; }

    /// <summary>The server's words.</summary>
    public string? ReplyText { get; init; }

    /// <summary>When this row was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}
