using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Contracts.Json;

/// <summary>Writes the canonical bytes of a mail.</summary>
internal static class SendEmailWriter
{
    private static readonly JsonWriterOptions Canonical = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes them whatever the options of the writer at hand are, which escapes and indents by its owner's.</summary>
    public static void Write(Utf8JsonWriter writer, SendEmail mail)
    {
        if (writer.Options is { Indented: false } options && options.Encoder == Canonical.Encoder)
        {
            Object(writer, mail);
            return;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var canonical = new Utf8JsonWriter(buffer, Canonical))
            Object(canonical, mail);
        writer.WriteRawValue(buffer.WrittenSpan, skipInputValidation: true);
    }

    private static void Object(Utf8JsonWriter writer, SendEmail mail)
    {
        writer.WriteStartObject();
        Fields(writer, mail);
        writer.WriteEndObject();
    }

    private static void Fields(Utf8JsonWriter writer, SendEmail mail)
    {
        Text(writer, SendEmailFields.From, mail.From.Length == 0 ? null : mail.From);
        List(writer, SendEmailFields.To, mail.To);
        List(writer, SendEmailFields.Cc, mail.Cc);
        List(writer, SendEmailFields.Bcc, mail.Bcc);
        List(writer, SendEmailFields.ReplyTo, mail.ReplyTo);
        Text(writer, SendEmailFields.Subject, mail.Subject);
        Text(writer, SendEmailFields.Text, mail.Text);
        Text(writer, SendEmailFields.Html, mail.Html);
        Text(writer, SendEmailFields.Calendar, mail.Calendar);
        Attachments(writer, mail.Attachments);
        Map(writer, SendEmailFields.Headers, mail.Headers);
        Tags(writer, mail.Tags);
        Text(writer, SendEmailFields.OrderingKey, mail.OrderingKey);
        // The default is left out, as the one form of a mail that says nothing of it.
        Text(writer, SendEmailFields.Stream, mail.Stream == MailStream.Transactional ? null : mail.Stream.ToText());
        Text(writer, SendEmailFields.ScheduledAt, mail.ScheduledAt is { } time ? Rfc3339.Write(time) : mail.ScheduledIn is { } wait ? RelativeTime.Write(wait) : null);
        foreach (var field in mail.Unread)
        {
            writer.WritePropertyName(field.Name);
            // As it came, also what has no form in .NET: half a surrogate pair, or bytes that are not UTF-8.
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(field.Value), skipInputValidation: true);
        }
    }

    private static void Attachments(Utf8JsonWriter writer, IReadOnlyList<Attachment> attachments)
    {
        if (attachments.Count == 0)
            return;

        writer.WriteStartArray(SendEmailFields.Attachments);
        foreach (var attachment in attachments)
        {
            writer.WriteStartObject();
            Text(writer, AttachmentFields.Filename, attachment.Filename.Length == 0 ? null : attachment.Filename);
            Text(writer, AttachmentFields.ContentType, attachment.ContentType);
            Text(writer, AttachmentFields.ContentId, attachment.ContentId);
            if (attachment.Content is { } content)
                writer.WriteBase64String(AttachmentFields.Content, content.Span);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Text(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static void List(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return;

        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void Tags(Utf8JsonWriter writer, IReadOnlyList<MailTag> tags)
    {
        if (tags.Count == 0)
            return;

        writer.WriteStartArray(SendEmailFields.Tags);
        foreach (var tag in tags)
            JsonSerializer.Serialize(writer, tag, SendEmailJson.Options);
        writer.WriteEndArray();
    }

    private static void Map(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, string> values)
    {
        if (values.Count == 0)
            return;

        writer.WriteStartObject(name);
        // Sorted, because header order means nothing to the caller and the bytes are compared by hash.
        foreach (var (key, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            writer.WriteString(key, value);
        writer.WriteEndObject();
    }
}
