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

    private static MimeEntity Body(SendEmail mail, List<Attachment> shown) => mail switch
    {
        { Html: null } => Part("plain", mail.Text ?? ""),
        { Text: null } => Html(mail.Html, shown),
        // RFC 2046 section 5.1.4: the richest form last.
        _ => new MultipartAlternative { Part("plain", mail.Text), Html(mail.Html, shown) },
    };

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
        part.SetText(Encoding.UTF8, text);
        return part;
    }

    /// <summary>Checked here once more, since what is not a name, type or id must not become a header by whatever way it came here.</summary>
    private static MimePart Part(Attachment attachment, string disposition)
    {
        if (!AttachmentRules.IsFilename(attachment.Filename))
            throw new PermanentMailException("The file name of an attachment is none that a mail may have.");
        if (attachment.ContentType is { } type && !AttachmentRules.IsContentType(type))
            throw new PermanentMailException($"The content type of attachment \"{attachment.Filename}\" is none that a mail may have.");
        if (attachment.ContentId is { } id && !AttachmentRules.IsContentId(id))
            throw new PermanentMailException($"The content id of attachment \"{attachment.Filename}\" is none that a mail may have.");

        var part = new MimePart(ContentType.Parse(attachment.ContentType ?? TypeOf(attachment.Filename)))
        {
            ContentDisposition = new ContentDisposition(disposition),
            ContentTransferEncoding = ContentEncoding.Base64,
            FileName = attachment.Filename,
            Content = new MimeContent(new MemoryStream((attachment.Content ?? default).ToArray(), writable: false)),
        };
        if (attachment.ContentId is not null)
            part.ContentId = attachment.ContentId;
        return part;
    }

    // By the extension; one that means a type which holds parts (.eml) is bytes like any other here.
    private static string TypeOf(string filename) =>
        MimeTypes.GetMimeType(filename) is var type && AttachmentRules.IsContentType(type) ? type : "application/octet-stream";
}
