using Contracts;

namespace Producer.Api.Console.Failures;

/// <summary>A mail's HTML as the console shows it.</summary>
internal static class MailHtml
{
    /// <summary>The HTML with the pictures that the mail brings in their places: what it refers to by <c>cid:</c>, written out.</summary>
    public static string WithPictures(string html, SendEmail mail) => mail.Attachments
        .Where(attachment => attachment is { ContentId.Length: > 0, Content: not null, ContentType: not null } && attachment.ContentType.StartsWith("image/", StringComparison.OrdinalIgnoreCase))
        .Aggregate(html, (text, attachment) => text.Replace(
            $"cid:{attachment.ContentId}", $"data:{MediaType(attachment.ContentType!)};base64,{Convert.ToBase64String(attachment.Content!.Value.Span)}", StringComparison.Ordinal));

    // Nothing that could end the attribute that it stands in.
    private static string MediaType(string type) => type.Split(';')[0].Trim() is var media && media.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '+' or '.' or '-') ? media : "image/png";
}
