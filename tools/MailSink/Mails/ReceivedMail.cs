using MimeKit;

namespace MailSink.Mails;

/// <summary>A mail as it came: envelope and bytes. MIME is parsed only when somebody looks.</summary>
public sealed class ReceivedMail
{
    private readonly byte[] _raw;
    private MailSummary? _summary;

    internal ReceivedMail(DateTimeOffset receivedAt, string sender, IReadOnlyList<string> recipients, byte[] raw)
    {
        (ReceivedAt, Sender, Recipients, _raw) = (receivedAt, sender, recipients, raw);
        Id = Guid.CreateVersion7(receivedAt).ToString("N");
        MessageId = MessageIdHeader.Find(raw);
    }

    /// <summary>The sink's own id of this mail: 32 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>When its last byte was read, UTC.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>The envelope's sender (MAIL FROM); empty for a bounce.</summary>
    public string Sender { get; }

    /// <summary>The envelope's recipients (RCPT TO) that were accepted, in order.</summary>
    public IReadOnlyList<string> Recipients { get; }

    /// <summary>The header <c>Message-ID</c> without angle brackets; empty if there is none.</summary>
    public string MessageId { get; }

    /// <summary>The bytes between DATA and the last dot, unstuffed and otherwise untouched, or those that came by BDAT.</summary>
    public ReadOnlyMemory<byte> Raw => _raw;

    /// <summary>The length of <see cref="Raw"/> in bytes.</summary>
    public int Size => _raw.Length;

    /// <summary>The number of the connection that brought it; the first since the start is 1.</summary>
    public required long Connection { get; init; }

    /// <summary>The client's IP address.</summary>
    public required string Client { get; init; }

    /// <summary>The name that the client gave in EHLO or HELO.</summary>
    public required string Helo { get; init; }

    /// <summary>The user who was logged in; null without a login.</summary>
    public required string? Username { get; init; }

    /// <summary>Whether it came over TLS.</summary>
    public required bool IsTls { get; init; }

    /// <summary>Whether its content came by BDAT (RFC 3030), and not by DATA.</summary>
    public required bool IsChunked { get; init; }

    /// <summary>Whether somebody opened it on the page or by the API.</summary>
    public bool Read { get; internal set; }

    /// <summary>What a list shows of it; parsed at the first look, then cached.</summary>
    internal MailSummary Summary => _summary ??= MailSummary.Of(this);

    /// <summary>Parses the mail; each call anew, the caller owns the result.</summary>
    /// <exception cref="FormatException">The bytes are not a mail.</exception>
    public MimeMessage Parse() => MimeMessage.Load(new MemoryStream(_raw, writable: false));
}
