using System.Text.Json;
using Contracts.Validation;

namespace Contracts.Json;

internal sealed partial class SendEmailReader
{
    private static readonly string NoField = $"is not a field of an attachment; one has {string.Join(", ", AttachmentFields.All)}";

    private List<Attachment> Attachments(string path, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            WrongType(path, "a list of attachments", value);
            return [];
        }

        if (IsTooLong(path, value.GetArrayLength(), SendEmailLimits.Attachments))
            return [];

        var attachments = value.EnumerateArray().Select((item, index) => Attachment($"{path}[{index}]", item)).ToList();
        return _errors is not null ? [] : attachments;
    }

    private Attachment Attachment(string path, JsonElement value)
    {
        var attachment = new Attachment();
        if (value.ValueKind != JsonValueKind.Object)
        {
            WrongType(path, $"an object with {string.Join(", ", AttachmentFields.All)}", value);
            return attachment;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in value.EnumerateObject())
        {
            var name = NameOf(field);
            if (seen.Add(name))
                attachment = Take(attachment, path, name, field.Value);
            else
                Refuse($"{path}.{name}", ValidationCodes.DuplicateField, "is given twice; give it once");
        }

        return attachment;
    }

    private Attachment Take(Attachment attachment, string path, string name, JsonElement value)
    {
        switch (name)
        {
            case AttachmentFields.Filename or AttachmentFields.ContentType or AttachmentFields.ContentId or AttachmentFields.Content
                when value.ValueKind == JsonValueKind.Null:
                return attachment;
            case AttachmentFields.Filename:
                return attachment with { Filename = Text($"{path}.{name}", value) ?? "" };
            case AttachmentFields.ContentType:
                return attachment with { ContentType = Text($"{path}.{name}", value) };
            case AttachmentFields.ContentId:
                return attachment with { ContentId = Text($"{path}.{name}", value) };
            case AttachmentFields.Content:
                return attachment with { Content = Base64($"{path}.{name}", value) };
            default:
                Refuse($"{path}.{name}", ValidationCodes.UnknownField, NoField);
                return attachment;
        }
    }

    // Decoded here and not stored as text: base64 may be broken into lines or not, and the mail's bytes must be the same either way.
    private ReadOnlyMemory<byte>? Base64(string path, JsonElement value)
    {
        if (Text(path, value) is not { } text)
            return null;

        var bytes = new byte[text.Length / 4 * 3 + 3];
        if (Convert.TryFromBase64String(text, bytes, out var length))
            return bytes.AsMemory(0, length);

        Refuse(path, ValidationCodes.InvalidBase64, "is not valid base64 (RFC 4648, section 4: A-Z, a-z, 0-9, +, /, filled up with = to a multiple of four)");
        return null;
    }
}
