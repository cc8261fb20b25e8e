using System.Text;
using Contracts;
using Contracts.Validation;
using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Utils;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Makes a mail's MIME form (RFC 5322, RFC 2045). Everything goes through MimeKit's typed fields, which encode what they are
/// given, and nothing that holds a control character comes that far: a caller's text cannot begin a header of its own.
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
        var domain = options.Value.MessageIdDomain is { Length: > 0 } configured ? configured : Domain(sender);
        return $"{id:D}@{domain}";
    }

    /// <summary>Makes the mail.</summary>
    /// <param name="mail">A mail that passed <see cref="SendEmailValidator"/>.</param>
    /// <param name="messageId">What <see cref="MessageId"/> gave when the mail was first taken up, without angle brackets.</param>
    /// <param name="date">When the mail was accepted; its <c>Date</c>.</param>
    /// <exception cref="PermanentMailException">The mail holds what no header may.</exception>
    public static OutgoingMail Compose(SendEmail mail, string messageId, DateTimeOffset date)
    {
        var sender = MailAddresses.Mailbox(mail.From);
        // Given at once, so that MimeKit does not make an id and a date of its own, which cost as much as the mail's own do.
        var message = new MimeMessage(
            new Header(HeaderId.Date, DateUtils.FormatDate(date)),
            new Header(HeaderId.MessageId, $"<{messageId}>"),
            MailContent.Of(mail));
        message.From.Add(sender);
        message.To.AddRange(mail.To.Select(MailAddresses.Mailbox));
        message.Cc.AddRange(mail.Cc.Select(MailAddresses.Mailbox));
        message.ReplyTo.AddRange(mail.ReplyTo.Select(MailAddresses.Mailbox));
        message.Subject = OneLine("subject", mail.Subject ?? "");
        foreach (var (name, value) in mail.Headers)
            message.Headers.Add(Name(name), Encoding.UTF8, OneLine(name, value));
        return new OutgoingMail(message, sender);
    }

    private static string Domain(MailboxAddress sender)
    {
        var address = sender.GetAddress(idnEncode: true);
        return address[(address.LastIndexOf('@') + 1)..];
    }

    private static string Name(string name) =>
        name.Length > 0 && name.All(c => c is > ' ' and < '\u007f' and not ':') && !HeaderRules.IsReserved(name)
            ? name
            : throw new PermanentMailException($"The header name \"{Shown(name)}\" is none that a mail may add.");

    private static string OneLine(string field, string value) =>
        value.Any(c => char.IsControl(c) && c != '\t')
            ? throw new PermanentMailException($"\"{Shown(field)}\" holds a control character, which no header may.")
            : EncodedWords.Literal(value);

    private static string Shown(string text) => new([.. text.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);
}
