using System.Text;
using Consumer.Worker.Smtp.Pace;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>A mail ready for SMTP. To be disposed: MimeKit's parts have finalizers, which hold a whole mail in memory until the next garbage collection.</summary>
/// <param name="Message">Its content; the recipients in its headers are for readers, the envelope is given apart.</param>
/// <param name="Sender">The envelope's sender (RFC 5321 MAIL FROM).</param>
internal sealed record OutgoingMail(MimeMessage Message, MailboxAddress Sender) : IDisposable
{
    /// <summary>Who waits for a connection and for the pace with it.</summary>
    public Party Party { get; init; }

    /// <summary>The fields beside the recipients that SMTPUTF8 alone can carry: a server without it cannot take the mail for anybody.</summary>
    public List<string> Utf8Fields { get; } = [];

    /// <summary>The recipients' header fields for a server without SMTPUTF8, where that makes a difference: those who can be asked for get the mail.</summary>
    public List<Header> InAscii { get; } = [];

    /// <summary>Whether its headers as they are need SMTPUTF8.</summary>
    public bool NeedsSmtpUtf8 => Utf8Fields.Count > 0 || InAscii.Count > 0;

    /// <summary>Signs the message as it is about to be written; none where it goes unsigned.</summary>
    public Action<FormatOptions>? Sign { get; init; }

    /// <summary>Takes the form for a server without SMTPUTF8. To be called before the mail is signed or sent.</summary>
    public void ToAscii()
    {
        foreach (var header in InAscii)
            Message.Headers.Replace(header);
        InAscii.Clear();
    }

    /// <inheritdoc />
    public void Dispose() => Message.Dispose();
}

/// <summary>Who a mail goes to by SMTP, and who it cannot go to with this server.</summary>
internal sealed record Envelope(List<MailboxAddress> Recipients, IReadOnlyDictionary<string, SmtpReply> Refused, bool International)
{
    /// <summary>
    /// An address with characters beyond ASCII before the @ needs SMTPUTF8 (RFC 6531 section 3.4), in the envelope as in a header; a
    /// server without it is not even asked: the bytes would reach it as another address. Domains are written in ASCII form always.
    /// </summary>
    public static Envelope For(OutgoingMail mail, IReadOnlyList<string> recipients, bool smtpUtf8)
    {
        var needs = NeedOfAll(mail);
        var mailboxes = recipients.Distinct(MailAddresses.SameMailbox).Select(MailAddresses.Parse).ToList();
        if (smtpUtf8)
        {
            return new Envelope(
                mailboxes.ConvertAll(MailAddresses.ForEnvelope),
                new Dictionary<string, SmtpReply>(MailAddresses.SameMailbox),
                needs is not null || mail.NeedsSmtpUtf8 || mailboxes.Exists(mailbox => mailbox.NeedsSmtpUtf8));
        }

        var refused = mailboxes.Where(mailbox => needs is not null || mailbox.NeedsSmtpUtf8)
            .ToDictionary(mailbox => mailbox.Address, _ => NoSmtpUtf8(needs ?? "this address"), MailAddresses.SameMailbox);
        return new Envelope(
            mailboxes.FindAll(mailbox => !refused.ContainsKey(mailbox.Address)).ConvertAll(MailAddresses.ForEnvelope), refused, International: false);
    }

    /// <summary>These refusals and the server's.</summary>
    public IReadOnlyDictionary<string, SmtpReply> RefusedWith(IReadOnlyDictionary<string, SmtpReply> byServer) =>
        Refused.Count == 0
            ? byServer
            : Refused.Concat(byServer).ToDictionary(pair => pair.Key, pair => pair.Value, MailAddresses.SameMailbox);

    private static string? NeedOfAll(OutgoingMail mail) =>
        !Ascii.IsValid(mail.Sender.Address) ? "the sender's address" : mail.Utf8Fields.Count > 0 ? string.Join(", ", mail.Utf8Fields) : null;

    private static SmtpReply NoSmtpUtf8(string what) =>
        new(553, "5.6.7", $"Not asked for: the mail server does not offer SMTPUTF8, which {what} needs (RFC 6531)");
}
