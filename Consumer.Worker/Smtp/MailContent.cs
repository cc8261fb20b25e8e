using System.Text;
using Contracts;
using Contracts.Validation;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>
/// The content of a mail as MIME parts. From the inside out: the HTML form with the files that it shows in their place
/// (<c>multipart/related</c>, RFC 2387), beside the plain text (<c>multipart/alternative</c>), followed by the files that are only
/// attached (<c>multipart/mixed</c>). What holds one part alone is left out.
/// </summary>
internal static class MailContent
{
    /// <summary>Makes the content of a mail.</summary>
    /// <exception cref="PermanentMailException">An attachment's text is none that may become a header.</exception>
    public static MimeEntity Of(SendEmail mail)
    {
        // Without an HTML form nothing can refer to a content id: the file is attached like any other, with its id.
        var shown = mail.Html is null ? [] : mail.Attachments.Where(attachment => attachment.ContentId is not null).ToList();
        var attached = mail.Attachments.Except(shown, ReferenceEqualityComparer.Instance).Cast<Attachment>().ToList();
        var body = Body(mail, shown);
        if (attached.Count == 0)
            return body;

        var mixed = new Multipart("mixed") { body };
        foreach (var attachment in attached)
            mixed.Add(Part(attachment, ContentDisposition.Attachment));
        return mixed;
    }

    private static MimeEntity Body(SendEmail mail, List<Attachment> shown)
    {
        // RFC 2046 section 5.1.4: the richest form last.
        var forms = new List<MimeEntity>(3);
        if (mail.Text is not null || mail.Html is null)
            forms.Add(Part("plain", mail.Text ?? ""));
        if (mail.Html is not null)
            forms.Add(Html(mail.Html, shown));
        if (mail.Calendar is not null)
            forms.Add(Calendar(mail.Calendar));
        if (forms.Count == 1)
            return forms[0];

        var alternative = new MultipartAlternative();
        foreach (var form in forms)
            alternative.Add(form);
        return alternative;
    }

    /// <summary>By this type, and by its standing beside the other forms, mail readers know an invitation (RFC 6047, section 2.4).</summary>
    private static TextPart Calendar(string calendar)
    {
        var part = Part("calendar", calendar);
        part.ContentType.Parameters.Add("method", CalendarRules.MethodOf(calendar)
            ?? throw new PermanentMailException("The calendar is not an iCalendar object with one method."));
        return part;
    }

    private static MimeEntity Html(string html, List<Attachment> shown)
    {
        var part = Part("html", html);
        if (shown.Count == 0)
            return part;

        var related = new MultipartRelated { Root = part };
        foreach (var attachment in shown)
            related.Add(Part(attachment, ContentDisposition.Inline));
        return related;
    }

    private static TextPart Part(string subtype, string text)
    {
        var part = new TextPart(subtype);
        part.SetText(Encoding.UTF8, MailLines.ToCrLf(text));
        return part;
    }

    /// <summary>Checked here once more, since what is not a name, type or id must not become a header by whatever way it came here.</summary>
    private static MimeEntity Part(Attachment attachment, string disposition)
    {
        if (!AttachmentRules.IsFilename(attachment.Filename))
            throw new PermanentMailException("The file name of an attachment is none that a mail may have.");
        var type = attachment.ContentType ?? TypeOf(attachment.Filename);
        if (!AttachmentRules.IsContentType(type) || !MediaType.TryParse(type, out var media))
            throw new PermanentMailException($"The content type of attachment \"{attachment.Filename}\" is none that a mail may have.");
        if (attachment.ContentId is { } id && !AttachmentRules.IsContentId(id))
            throw new PermanentMailException($"The content id of attachment \"{attachment.Filename}\" is none that a mail may have.");

        var content = attachment.Content ?? default;
        MimeEntity part = AttachmentRules.IsMessage(type)
            ? ForwardedMail.Of(content.Span)
            : new MimePart(media.Type, media.Subtype)
            {
                ContentTransferEncoding = ContentEncoding.Base64,
                Content = new MimeContent(new MemoryStream(content.ToArray(), writable: false)),
            };
        foreach (var (name, value) in media.Parameters)
            part.ContentType.Parameters.Add(name, value);
        part.ContentDisposition = new ContentDisposition(disposition) { FileName = attachment.Filename };
        part.ContentType.Name = attachment.Filename;
        if (attachment.ContentId is not null)
            part.ContentId = attachment.ContentId;
        return part;
    }

    // By the extension; what holds parts (.eml) is bytes like any other, unless the caller says that it is a mail.
    private static string TypeOf(string filename) =>
        MimeTypes.GetMimeType(filename) is var type && AttachmentRules.IsContentType(type) && !AttachmentRules.IsMessage(type) ? type : "application/octet-stream";
}
