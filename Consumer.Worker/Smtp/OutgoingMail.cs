using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>A mail ready for SMTP. To be disposed: MimeKit's parts have finalizers, which hold a whole mail in memory until the next garbage collection.</summary>
/// <param name="Message">Its content; the recipients in its headers are for readers, the envelope is given apart.</param>
/// <param name="Sender">The envelope's sender (RFC 5321 MAIL FROM).</param>
internal sealed record OutgoingMail(MimeMessage Message, MailboxAddress Sender) : IDisposable
{
    /// <summary>Signs the message as it is about to be written; none where it goes unsigned.</summary>
    public Action<FormatOptions>? Sign { get; init; }

    /// <inheritdoc />
    public void Dispose() => Message.Dispose();
}

/// <summary>Who a mail goes to by SMTP, and who it cannot go to with this server.</summary>
internal sealed record Envelope(List<MailboxAddress> Recipients, IReadOnlyDictionary<string, SmtpReply> Refused, bool International)
{
    /// <summary>
    /// An address with characters beyond ASCII before the @ needs SMTPUTF8 (RFC 6531 section 3.4); a server without it is not
    /// even asked: the bytes would reach it as another address. Domains are written in ASCII form as needed.
    /// </summary>
    private static readonly SmtpReply NoSmtpUtf8 =
        new(553, "5.6.7", "Not asked for: the mail server does not offer SMTPUTF8, which this address needs (RFC 6531)");

    public static Envelope For(OutgoingMail mail, IReadOnlyList<string> recipients, bool smtpUtf8)
    {
        var senderNeeds = NeedsSmtpUtf8(mail.Sender);
        var mailboxes = recipients.Distinct(StringComparer.OrdinalIgnoreCase).Select(MailAddresses.OfBare).ToList();
        if (smtpUtf8)
            return new Envelope(mailboxes, new Dictionary<string, SmtpReply>(), senderNeeds || mailboxes.Exists(NeedsSmtpUtf8));

        var refused = mailboxes.Where(mailbox => senderNeeds || NeedsSmtpUtf8(mailbox))
            .ToDictionary(mailbox => mailbox.Address, _ => NoSmtpUtf8, StringComparer.OrdinalIgnoreCase);
        return new Envelope(mailboxes.FindAll(mailbox => !refused.ContainsKey(mailbox.Address)), refused, International: false);
    }

    /// <summary>These refusals and the server's.</summary>
    public IReadOnlyDictionary<string, SmtpReply> RefusedWith(IReadOnlyDictionary<string, SmtpReply> byServer) =>
        Refused.Count == 0
            ? byServer
            : Refused.Concat(byServer).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.OrdinalIgnoreCase);

    private static bool NeedsSmtpUtf8(MailboxAddress mailbox) => !System.Text.Ascii.IsValid(mailbox.LocalPart);
}
