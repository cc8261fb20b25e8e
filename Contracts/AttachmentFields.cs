namespace Contracts;

/// <summary>The names of the fields of an attachment in JSON.</summary>
public static class AttachmentFields
{
    /// <summary>The name that the recipient sees.</summary>
    public const string Filename = "filename";

    /// <summary>The media type.</summary>
    public const string ContentType = "content_type";

    /// <summary>The name by which the HTML form refers to it.</summary>
    public const string ContentId = "content_id";

    /// <summary>The bytes, as base64.</summary>
    public const string Content = "content";

    /// <summary>Every field that an attachment may have, in the order in which they are written.</summary>
    public static IReadOnlyList<string> All { get; } = [Filename, ContentType, ContentId, Content];
}
