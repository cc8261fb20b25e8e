using System.Text;
using MimeKit;
using MimeKit.Text;

namespace MailSink.Mails;

/// <summary>What a list shows of a mail.</summary>
internal sealed record MailSummary(
    string Subject,
    MailboxAddress? From,
    IReadOnlyList<MailboxAddress> To,
    IReadOnlyList<MailboxAddress> Cc,
    IReadOnlyList<MailboxAddress> Bcc,
    IReadOnlyList<MailboxAddress> ReplyTo,
    int Attachments,
    string Snippet)
{
    private const int SnippetLength = 250;

    public static MailSummary Of(ReceivedMail mail)
    {
        try
        {
            using var message = mail.Parse();
            return Of(mail, message);
        }
        catch (FormatException)
        {
            // Anything can be sent as content; what is not a mail is listed by its envelope and can be read as source.
            return new MailSummary("(not a mail)", null, [], [], [.. mail.Recipients.Select(Mailbox)], [], 0, "");
        }
    }

    public static MailSummary Of(ReceivedMail mail, MimeMessage message)
    {
        MailboxAddress[] to = [.. message.To.Mailboxes], cc = [.. message.Cc.Mailboxes];
        return new MailSummary(
            message.Subject ?? "",
            message.From.Mailboxes.FirstOrDefault(),
            to,
            cc,
            [.. Hidden(mail.Recipients, to.Concat(cc))],
            [.. message.ReplyTo.Mailboxes],
            message.Attachments.Count(),
            Shorten(Text(message)));
    }

    /// <summary>The text a person would read: the plain part, or the HTML part without its tags.</summary>
    public static string Text(MimeMessage message)
    {
        if (message.TextBody is { } text)
            return text;
        return message.HtmlBody is { } html ? TextOfHtml(html) : "";
    }

    private static string TextOfHtml(string html)
    {
        var text = new StringBuilder();
        var tokens = new HtmlTokenizer(new StringReader(html));
        while (tokens.ReadNextToken(out var token))
        {
            // Scripts and styles are tokens of another kind.
            if (token is HtmlDataToken { Kind: HtmlTokenKind.Data } data)
                text.Append(data.Data).Append(' ');
        }

        return text.ToString();
    }

    // A blind copy shows only in the envelope.
    private static IEnumerable<MailboxAddress> Hidden(IEnumerable<string> recipients, IEnumerable<MailboxAddress> shown)
    {
        var known = shown.Select(mailbox => mailbox.Address).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return recipients.Where(recipient => !known.Contains(recipient)).Select(Mailbox);
    }

    private static MailboxAddress Mailbox(string address) => new("", address);

    private static string Shorten(string text)
    {
        var words = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return words.Length <= SnippetLength ? words : string.Concat(words.AsSpan(0, SnippetLength - 1), "…");
    }
}
