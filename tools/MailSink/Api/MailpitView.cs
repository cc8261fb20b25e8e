using MailSink.Mails;
using MimeKit;

namespace MailSink.Api;

/// <summary>Shows mails in Mailpit's shapes.</summary>
internal static class MailpitView
{
    public static MailpitList List(SmtpSink sink, int start, int limit)
    {
        var all = sink.Mails.All();
        return List(all, all, start, limit);
    }

    public static MailpitList Search(SmtpSink sink, string query, int start, int limit)
    {
        var all = sink.Mails.All();
        return List(all, [.. all.Where(MailQuery.Parse(query).Matches)], start, limit);
    }

    public static MailpitSummary Summary(ReceivedMail mail)
    {
        var summary = mail.Summary;
        return new MailpitSummary
        {
            Id = mail.Id,
            MessageId = mail.MessageId,
            Read = mail.Read,
            From = summary.From is { } from ? Address(from) : null,
            To = Addresses(summary.To),
            Cc = Addresses(summary.Cc),
            Bcc = Addresses(summary.Bcc),
            ReplyTo = Addresses(summary.ReplyTo),
            Subject = summary.Subject,
            Created = mail.ReceivedAt,
            Username = mail.Username ?? "",
            Size = mail.Size,
            Attachments = summary.Attachments,
            Snippet = summary.Snippet,
        };
    }

    public static MailpitMessage Message(ReceivedMail mail, MimeMessage message)
    {
        var summary = MailSummary.Of(mail, message);
        var parts = MailPart.Of(message);
        return new MailpitMessage
        {
            Id = mail.Id,
            MessageId = mail.MessageId,
            From = summary.From is { } from ? Address(from) : null,
            To = Addresses(summary.To),
            Cc = Addresses(summary.Cc),
            Bcc = Addresses(summary.Bcc),
            ReplyTo = Addresses(summary.ReplyTo),
            ReturnPath = mail.Sender,
            Subject = summary.Subject,
            ListUnsubscribe = new MailpitUnsubscribe
            {
                Header = message.Headers[HeaderId.ListUnsubscribe] ?? "",
                HeaderPost = message.Headers[HeaderId.ListUnsubscribePost] ?? "",
            },
            Date = message.Headers.Contains(HeaderId.Date) ? message.Date : mail.ReceivedAt,
            Username = mail.Username ?? "",
            Text = message.TextBody ?? "",
            Html = message.HtmlBody ?? "",
            Size = mail.Size,
            Inline = [.. parts.Where(part => !part.IsAttachment).Select(Attachment)],
            Attachments = [.. parts.Where(part => part.IsAttachment).Select(Attachment)],
        };
    }

    public static MailpitInfo Info(SmtpSink sink, TimeSpan uptime)
    {
        var all = sink.Mails.All();
        return new MailpitInfo
        {
            Version = $"mail-sink {typeof(MailpitView).Assembly.GetName().Version?.ToString(3)}",
            DatabaseSize = sink.Mails.Bytes,
            Messages = all.Count,
            Unread = all.Count(mail => !mail.Read),
            RuntimeStats = new MailpitRuntime
            {
                Uptime = (long)uptime.TotalSeconds,
                Memory = GC.GetTotalMemory(forceFullCollection: false),
                MessagesDeleted = sink.Mails.Removed,
                SmtpAccepted = sink.Counters.Mails,
                SmtpAcceptedSize = sink.Counters.Bytes,
                SmtpRejected = sink.Counters.Replies.Where(reply => reply.Key >= 400).Sum(reply => reply.Value),
            },
        };
    }

    private static MailpitList List(IReadOnlyList<ReceivedMail> all, IReadOnlyList<ReceivedMail> found, int start, int limit)
    {
        MailpitSummary[] page = [.. found.Skip(start).Take(limit).Select(Summary)];
        return new MailpitList
        {
            Total = all.Count,
            Unread = all.Count(mail => !mail.Read),
            Count = page.Length,
            MessagesCount = found.Count,
            MessagesUnread = found.Count(mail => !mail.Read),
            Start = start,
            Messages = page,
        };
    }

    private static MailpitAttachment Attachment(MailPart part) => new()
    {
        PartId = part.Id,
        FileName = part.FileName,
        ContentType = part.Entity.ContentType.MimeType,
        ContentId = part.Entity.ContentId ?? "",
        Size = part.Content().LongLength,
    };

    private static IReadOnlyList<MailpitAddress> Addresses(IEnumerable<MailboxAddress> mailboxes) => [.. mailboxes.Select(Address)];

    private static MailpitAddress Address(MailboxAddress mailbox) => new(mailbox.Name ?? "", mailbox.Address);
}
