using Contracts;
using Contracts.Validation;
using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Utils;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Makes a mail's MIME form (RFC 5322, RFC 2045). Its own header fields are written by <see cref="HeaderLines"/>, in ASCII but for what
/// SMTPUTF8 alone can carry, and nothing that holds a control character comes that far: a caller's text cannot begin a header of its own.
/// Blind copies appear in the envelope alone.
/// </summary>
internal sealed class MailComposer(IOptions<SmtpOptions> options)
{
    /// <summary>
    /// The mail's SMTP <c>Message-ID</c>: the same in every attempt and on every worker, so that a mail which arrived twice can be
    /// recognized.
    /// </summary>
    public string MessageId(Guid id, MailboxAddress sender)
    {
        var domain = options.Value.MessageIdDomain is { Length: > 0 } configured ? configured : sender.Domain;
        return $"{id:D}@{(DomainName.TryToAscii(domain, out var ascii) ? ascii : domain)}";
    }

    /// <summary>Makes the mail.</summary>
    /// <param name="mail">A mail that passed <see cref="SendEmailValidator"/>.</param>
    /// <param name="messageId">What <see cref="MessageId"/> gave when the mail was first taken up, without angle brackets.</param>
    /// <param name="date">When the mail was accepted; its <c>Date</c>.</param>
    /// <exception cref="PermanentMailException">The mail holds what no header may.</exception>
    public static OutgoingMail Compose(SendEmail mail, string messageId, DateTimeOffset date)
    {
        var sender = MailAddresses.Parse(mail.From);
        // Given at once, so that MimeKit does not make fields of its own, which cost as much as the mail's do.
        var message = new MimeMessage(
            new Header(HeaderId.Date, DateUtils.FormatDate(date)),
            new Header(HeaderId.MessageId, $"<{messageId}>"),
            HeaderLines.Mailboxes("From", [sender]),
            HeaderLines.Text("Subject", OneLine("subject", mail.Subject ?? "")),
            MailContent.Of(mail));
        var outgoing = new OutgoingMail(message, MailAddresses.ForEnvelope(sender));
        AddRecipients(outgoing, "To", mail.To);
        AddRecipients(outgoing, "Cc", mail.Cc);
        AddReplyTo(outgoing, mail.ReplyTo);
        foreach (var (name, value) in mail.Headers)
            AddField(outgoing, Name(name), OneLine(name, value));
        return outgoing;
    }

    private static void AddRecipients(OutgoingMail mail, string name, IReadOnlyList<string> addresses)
    {
        if (addresses.Count == 0)
            return;

        var mailboxes = addresses.Select(MailAddresses.Parse).ToList();
        mail.Message.Headers.Add(HeaderLines.Mailboxes(name, mailboxes));
        if (mailboxes.Exists(mailbox => mailbox.NeedsSmtpUtf8))
            mail.InAscii.Add(HeaderLines.Mailboxes(name, mailboxes, ascii: true));
    }

    /// <summary>A reply must find its way: without SMTPUTF8 there is no other form of such an address that it could.</summary>
    private static void AddReplyTo(OutgoingMail mail, IReadOnlyList<string> addresses)
    {
        if (addresses.Count == 0)
            return;

        var mailboxes = addresses.Select(MailAddresses.Parse).ToList();
        mail.Message.Headers.Add(HeaderLines.Mailboxes("Reply-To", mailboxes));
        if (mailboxes.Exists(mailbox => mailbox.NeedsSmtpUtf8))
            mail.Utf8Fields.Add(SendEmailFields.ReplyTo);
    }

    private static void AddField(OutgoingMail mail, string name, string value)
    {
        if (!HeaderField.TryRead(name, value, out var field))
            throw new PermanentMailException($"The header \"{name}\" has a value that a mail cannot have under that name.");
        mail.Message.Headers.Add(HeaderLines.Field(name, field));
        if (field.NeedsSmtpUtf8)
            mail.Utf8Fields.Add(name);
    }

    private static string Name(string name) =>
        name.Length > 0 && name.All(c => c is > ' ' and < '\u007f' and not ':') && !HeaderRules.IsReserved(name)
            ? name
            : throw new PermanentMailException($"The header name \"{Shown(name)}\" is none that a mail may add.");

    private static string OneLine(string field, string value) =>
        value.Any(c => char.IsControl(c) && c != '\t')
            ? throw new PermanentMailException($"\"{Shown(field)}\" holds a control character, which no header may.")
            : value;

    private static string Shown(string text) => new([.. text.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);
}
