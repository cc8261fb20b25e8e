namespace Contracts;

/// <summary>A file that goes with a mail: one element of <c>attachments</c>.</summary>
public sealed record Attachment
{
    /// <summary><c>filename</c>: the name that the recipient sees, without a path. Required; empty where it was not given.</summary>
    public string Filename { get; init; } = "";

    /// <summary>
    /// <c>content_type</c>: the media type, <c>application/pdf</c> or <c>text/csv; charset=utf-8</c>,
    /// <c>message/rfc822</c> for a mail that is forwarded; <c>null</c> leaves it to the
    /// name's extension.
    /// </summary>
    public string? ContentType { get; init; }

    /// <summary>
    /// <c>content_id</c>: the name by which the HTML form shows it in its place, <c>&lt;img src="cid:logo"&gt;</c> for <c>logo</c>;
    /// <c>null</c> for a file that is only attached.
    /// </summary>
    public string? ContentId { get; init; }

    /// <summary><c>content</c>: the bytes, in JSON as base64. Required, may be empty on purpose; <c>null</c> where it was not given.</summary>
    public ReadOnlyMemory<byte>? Content { get; init; }
}
