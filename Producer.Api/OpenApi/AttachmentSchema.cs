using System.Globalization;
using System.Text.Json.Nodes;
using Contracts;
using Contracts.Validation;
using Microsoft.OpenApi;

namespace Producer.Api.OpenApi;

/// <summary>The schema of a mail's attachments.</summary>
internal static class AttachmentSchema
{
    public static OpenApiSchema Of(int maxMailBytes) => new()
    {
        Type = JsonSchemaType.Array,
        Description = string.Create(CultureInfo.InvariantCulture,
            $"Files that go with the mail. The whole mail has at most {maxMailBytes:N0} bytes as JSON (`Api:MaxMailBytes`, bounded by the topic's largest message), past it the response is 413; base64 makes a file a third larger."),
        MaxItems = SendEmailLimits.Attachments,
        Items = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string>(StringComparer.Ordinal) { AttachmentFields.Filename, AttachmentFields.Content },
            AdditionalPropertiesAllowed = false,
            Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
            {
                [AttachmentFields.Filename] = Text("The name that the recipient sees, without a path.", SendEmailLimits.FilenameLength),
                [AttachmentFields.ContentType] = Text(
                    "The media type: `application/pdf`, `text/csv; charset=utf-8`, `text/calendar; method=REQUEST`, or `message/rfc822` for a mail that is forwarded. Left out, it follows from the name's extension.", SendEmailLimits.ContentTypeLength),
                [AttachmentFields.ContentId] = Text(
                    "Shows the file in its place in the HTML form: `logo` for `<img src=\"cid:logo\">`. One attachment an id.", SendEmailLimits.ContentIdLength),
                [AttachmentFields.Content] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Format = "byte",
                    Description = "The bytes as base64 (RFC 4648, section 4); line breaks are allowed.",
                },
            },
        },
    };

    public static JsonObject Example() => new()
    {
        [AttachmentFields.Filename] = "order-1234.txt",
        [AttachmentFields.ContentType] = "text/plain; charset=utf-8",
        [AttachmentFields.Content] = "MSBib29rLCAyIHBlbnMK",
    };

    private static OpenApiSchema Text(string description, int maxLength) =>
        new() { Type = JsonSchemaType.String, Description = description, MaxLength = maxLength };
}
