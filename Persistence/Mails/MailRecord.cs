namespace Persistence.Mails;

/// <summary>A record that a worker is about to work on, as far as the store needs to know it.</summary>
public sealed record MailRecord
{
    /// <summary>Mail, epoch and attempt.</summary>
    public required RecordIdentity Identity { get; init; }

    /// <summary>The SMTP <c>Message-ID</c> that the mail has in every attempt.</summary>
    public required string MessageIdHeader { get; init; }

    /// <summary>The topic that the record was read from.</summary>
    public required string Topic { get; init; }

    /// <summary>Its partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Its offset.</summary>
    public required long Offset { get; init; }

    /// <summary>Its timestamp.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The Kafka key, or null where it has none.</summary>
    public string? Key { get; init; }

    /// <summary>The mail's subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The address that the mail is from.</summary>
    public required string Sender { get; init; }

    /// <summary>The addresses as they were posted, as JSON, where they say more than <see cref="Sender"/> and <see cref="Recipients"/>; else null.</summary>
    public string? Posted { get; init; }

    /// <summary>The mail's tags as JSON; null where it has none.</summary>
    public string? Tags { get; init; }

    /// <summary>The API key that the mail was accepted under; null where it was none of the stored ones.</summary>
    public Guid? ApiKeyId { get; init; }

    /// <summary>SHA-256 of the record's value: tells a second post of the same mail from another mail under the same id.</summary>
    public required byte[] ContentHash { get; init; }

    /// <summary>All recipients of the mail, in its order.</summary>
    public required IReadOnlyList<Recipient> Recipients { get; init; }
}

/// <summary>One recipient of a mail.</summary>
/// <param name="Address">The bare address.</param>
/// <param name="Kind">The field that names it.</param>
public sealed record Recipient(string Address, RecipientKind Kind);

/// <summary>The server's reply for one recipient.</summary>
/// <param name="Address">The address, as in <see cref="MailRecord.Recipients"/>.</param>
/// <param name="Outcome">The outcome.</param>
/// <param name="ReplyCode">The SMTP reply code (RFC 5321, 4.2), where there was a reply.</param>
/// <param name="EnhancedCode">The enhanced status code (RFC 3463), where the server gave one.</param>
/// <param name="ReplyText">The reply's text.</param>
public sealed record RecipientReply(
    string Address,
    RecipientOutcome Outcome,
    int? ReplyCode = null,
    string? EnhancedCode = null,
    string? ReplyText = null);
