using System.Text;
using System.Text.RegularExpressions;

namespace Contracts.Validation;

/// <summary>
/// What an attachment may be. All of its texts become headers of its part of the mail, so each is held to the characters that it
/// needs.
/// </summary>
public static partial class AttachmentRules
{
    private const string FilenameRule = "must be a plain file name such as report.pdf: no path (/ \\), no control character, no =?, no space at an end";

    private const string ContentTypeRule = "is not a valid media type; one is expected such as application/pdf or text/csv; charset=utf-8 (RFC 2045, section 5.1; the parameter name is made of filename)";

    private const string Message = "message/rfc822";

    private const string ContentIdRule = "is not a valid content id; letters, digits, dots and !#$%&'*+-/=?^_`{|}~ are allowed, and one @ between them";

    /// <summary>Whether a text is the name of a file and nothing more.</summary>
    public static bool IsFilename(string text) =>
        text.Length > 0 && text.Trim().Length == text.Length && text is not ("." or "..") && Texts.IsOneLine(text) && !text.Any(NoneOfAName)
        // Mail readers take it for an encoded word (RFC 2047), which may stand for a path or a line break after all.
        && !text.Contains("=?", StringComparison.Ordinal);

    /// <summary>Whether a text is a media type (RFC 2045, section 5.1) that one part of a mail can have.</summary>
    public static bool IsContentType(string text) => MediaType.TryParse(text, out var type) && !IsComposite(type)
        && !type.Parameters.Any(parameter => parameter.Key.Equals("name", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a text is the type of a mail that is forwarded as a file, which a mail holds as a mail and not as bytes (RFC 2046, section 5.2.1).</summary>
    public static bool IsMessage(string? text) => text is not null && MediaType.TryParse(text, out var type) && type.Is(Message);

    /// <summary>Whether bytes begin as a mail does: with a header field.</summary>
    public static bool BeginsAsMessage(ReadOnlySpan<byte> content)
    {
        var colon = content.IndexOf((byte)':');
        return colon > 0 && content[..colon].TrimEnd(" \t"u8) is { IsEmpty: false } name && Ascii.IsValid(name)
            && Encoding.ASCII.GetString(name).All(HeaderRules.IsNameCharacter);
    }

    /// <summary>Whether a text can stand in <c>Content-ID</c> and behind <c>cid:</c> (RFC 2392) without being quoted.</summary>
    public static bool IsContentId(string text) => MessageIdPart().IsMatch(text);

    internal static void Check(IReadOnlyList<Attachment> attachments, ErrorList errors)
    {
        if (attachments.Count == 0 || errors.AddTooMany(SendEmailFields.Attachments, attachments.Count, SendEmailLimits.Attachments))
            return;

        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < attachments.Count; i++)
            Check($"{SendEmailFields.Attachments}[{i}]", attachments[i], ids, errors);
    }

    private static void Check(string path, Attachment attachment, HashSet<string> ids, ErrorList errors)
    {
        CheckFilename($"{path}.{AttachmentFields.Filename}", attachment.Filename, errors);
        if (attachment.ContentType is { } type)
            CheckContentType($"{path}.{AttachmentFields.ContentType}", type, attachment.Content, errors);
        if (attachment.ContentId is { } id)
            CheckContentId($"{path}.{AttachmentFields.ContentId}", id, ids, errors);
        if (attachment.Content is null)
            errors.AddMissing($"{path}.{AttachmentFields.Content}", "is required: the bytes as base64; it may be an empty text");
    }

    private static void CheckFilename(string path, string name, ErrorList errors)
    {
        if (name.Length == 0)
            errors.AddMissing(path, "is required: the name that the recipient sees");
        else if (name.Length > SendEmailLimits.FilenameLength)
            errors.Add(path, ValidationCodes.TooLong, $"has {name.Length} characters; at most {SendEmailLimits.FilenameLength} are allowed");
        else if (!IsFilename(name))
            errors.Add(path, ValidationCodes.InvalidFilename, FilenameRule);
    }

    private static void CheckContentType(string path, string type, ReadOnlyMemory<byte>? content, ErrorList errors)
    {
        if (type.Length > SendEmailLimits.ContentTypeLength)
            errors.Add(path, ValidationCodes.TooLong, $"has {type.Length} characters; at most {SendEmailLimits.ContentTypeLength} are allowed");
        else if (MediaType.TryParse(type, out var read) && IsComposite(read))
            errors.Add(path, ValidationCodes.InvalidContentType, "is a type that holds other parts, which cannot be sent as bytes (RFC 2046, section 5); use application/octet-stream");
        else if (!IsContentType(type))
            errors.Add(path, ValidationCodes.InvalidContentType, ContentTypeRule);
        else if (IsMessage(type) && content is { } bytes && !BeginsAsMessage(bytes.Span))
            errors.Add(path, ValidationCodes.InvalidContentType, $"is that of a mail, and the content does not begin with a header field; use {Message} for mails alone");
    }

    private static void CheckContentId(string path, string id, HashSet<string> ids, ErrorList errors)
    {
        if (id.Length > SendEmailLimits.ContentIdLength)
            errors.Add(path, ValidationCodes.TooLong, $"has {id.Length} characters; at most {SendEmailLimits.ContentIdLength} are allowed");
        else if (!IsContentId(id))
            errors.Add(path, ValidationCodes.InvalidContentId, ContentIdRule);
        else if (!ids.Add(id))
            errors.Add(path, ValidationCodes.InvalidContentId, "is that of another attachment, too; give each its own");
    }

    private static bool IsComposite(MediaType type) =>
        type.Type.Equals("multipart", StringComparison.OrdinalIgnoreCase) || type.Type.Equals("message", StringComparison.OrdinalIgnoreCase) && !type.Is(Message);

    private static bool NoneOfAName(char c) => c is '/' or '\\' or '\t' || Texts.IsBidiMark(c);

    [GeneratedRegex(
        """\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*(@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?\z""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MessageIdPart();
}
