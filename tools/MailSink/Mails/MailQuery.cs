using System.Text.RegularExpressions;
using MimeKit;

namespace MailSink.Mails;

/// <summary>
/// A search as Mailpit takes it: words and "phrases" that must all be found, <c>from:</c>, <c>to:</c>, <c>cc:</c>, <c>bcc:</c>,
/// <c>reply-to:</c>, <c>addressed:</c>, <c>subject:</c>, <c>message-id:</c>, <c>is:read</c>, <c>is:unread</c>, <c>has:attachment</c>;
/// <c>-</c> or <c>!</c> before one of them excludes. Case does not matter.
/// </summary>
internal sealed partial class MailQuery
{
    private readonly IReadOnlyList<Term> _terms;

    private MailQuery(IReadOnlyList<Term> terms) => _terms = terms;

    public static MailQuery Parse(string query) => new([.. Terms().Matches(query).Select(match => new Term(
        match.Groups["not"].Success,
        match.Groups["field"].Value.ToLowerInvariant(),
        match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["word"].Value))]);

    public bool Matches(ReceivedMail mail) => _terms.All(term => Finds(mail, term) != term.Excludes);

    private static bool Finds(ReceivedMail mail, Term term)
    {
        var summary = mail.Summary;
        return term.Field switch
        {
            "from" => summary.From is { } from && term.In(from) || term.In(mail.Sender),
            "to" => summary.To.Any(term.In),
            "cc" => summary.Cc.Any(term.In),
            "bcc" => summary.Bcc.Any(term.In),
            "reply-to" => summary.ReplyTo.Any(term.In),
            "addressed" => term.In(mail.Sender) || mail.Recipients.Any(term.In) || Mailboxes(summary).Any(term.In),
            "subject" => term.In(summary.Subject),
            "message-id" => term.In(mail.MessageId),
            "is" => term.Value.ToLowerInvariant() switch
            {
                "read" => mail.Read,
                "unread" => !mail.Read,
                _ => false,
            },
            "has" => term.Value.StartsWith("attachment", StringComparison.OrdinalIgnoreCase) && summary.Attachments > 0,
            _ => term.In(summary.Subject) || term.In(summary.Snippet) || mail.Recipients.Any(term.In)
                || Mailboxes(summary).Any(term.In) || InText(mail, term),
        };
    }

    private static IEnumerable<MailboxAddress> Mailboxes(MailSummary summary) =>
        summary.To.Concat(summary.Cc).Concat(summary.Bcc).Concat(summary.From is { } from ? [from] : []);

    private static bool InText(ReceivedMail mail, Term term)
    {
        try
        {
            using var message = mail.Parse();
            return term.In(MailSummary.Text(message));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    [GeneratedRegex(
        """(?<not>[-!])?(?:(?<field>from|to|cc|bcc|reply-to|addressed|subject|message-id|is|has):)?(?:"(?<quoted>[^"]*)"|(?<word>\S+))""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Terms();

    private sealed record Term(bool Excludes, string Field, string Value)
    {
        public bool In(string text) => text.Contains(Value, StringComparison.OrdinalIgnoreCase);

        public bool In(MailboxAddress mailbox) => In(mailbox.Address) || In(mailbox.Name ?? "");
    }
}
