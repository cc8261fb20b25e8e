using MimeKit;

namespace MailSink.Mails;

/// <summary>The parts of a mail that can be fetched one by one; a part's id is its place in the mail, from 1.</summary>
internal sealed record MailPart(string Id, MimeEntity Entity, bool IsAttachment)
{
    public string FileName => Entity.ContentDisposition?.FileName ?? Entity.ContentType.Name ?? "";

    /// <summary>Attachments, and what stands inside beside the text, such as pictures.</summary>
    public static IReadOnlyList<MailPart> Of(MimeMessage message)
    {
        var attachments = message.Attachments.ToHashSet();
        return [.. message.BodyParts
            .Select((entity, index) => new MailPart(FormattableString.Invariant($"{index + 1}"), entity, attachments.Contains(entity)))
            .Where(part => part.IsAttachment || part.Entity is not TextPart)];
    }

    /// <summary>The decoded content.</summary>
    public byte[] Content()
    {
        using var content = new MemoryStream();
        if (Entity is MimePart { Content: { } encoded })
            encoded.DecodeTo(content);
        else if (Entity is MessagePart { Message: { } message })
            message.WriteTo(content);
        return content.ToArray();
    }
}
