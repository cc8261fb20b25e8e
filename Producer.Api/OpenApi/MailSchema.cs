using System.Text.Json.Nodes;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Producer.Api.Configuration;

namespace Producer.Api.OpenApi;

/// <summary>
/// The schema of <see cref="SendEmail"/>, which its converter hides from the generator. Written from the same names and limits
/// that reading and validation use.
/// </summary>
internal static class MailSchema
{
    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        // The generator sees nothing behind a converter, and leaves the items of such a list out.
        if (context.JsonTypeInfo.Type == typeof(SendEmail[]))
            schema.Items = new OpenApiSchemaReference(nameof(SendEmail), context.Document);
        else if (context.JsonTypeInfo.Type == typeof(IReadOnlyList<MailTag>))
            schema.Items = Tag();
        if (context.JsonTypeInfo.Type != typeof(SendEmail))
            return Task.CompletedTask;

        schema.Type = JsonSchemaType.Object;
        schema.Description = "A mail. Other fields than these are refused by name.";
        schema.Required = new HashSet<string>(StringComparer.Ordinal) { SendEmailFields.From, SendEmailFields.Subject };
        schema.AdditionalPropertiesAllowed = false;
        schema.Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            [SendEmailFields.From] = Text("The sender: `ann@example.com` or `Ann <ann@example.com>`. Domains may be in the characters of any language.", SendEmailLimits.MailboxLength),
            [SendEmailFields.To] = OneOrMany($"Recipients. At least one is needed in to, cc and bcc, at most {SendEmailLimits.Recipients} in all."),
            [SendEmailFields.Cc] = OneOrMany("Recipients shown as copied."),
            [SendEmailFields.Bcc] = OneOrMany("Recipients whom the others do not see."),
            [SendEmailFields.ReplyTo] = OneOrMany($"Where replies go: at most {SendEmailLimits.ReplyTo}."),
            [SendEmailFields.Subject] = Text("One line; may be empty on purpose.", SendEmailLimits.SubjectLength),
            [SendEmailFields.Text] = Text("The plain text. Text or HTML is needed; it may be empty on purpose."),
            [SendEmailFields.Body] = Text("Another name for `text`."),
            [SendEmailFields.Html] = Text("The HTML form of the body."),
            [SendEmailFields.Calendar] = Text(
                "An invitation: an iCalendar object (RFC 5545) with a `METHOD`, such as `REQUEST` or `CANCEL`. Mail readers show it as one beside text and HTML (RFC 6047)."),
            [SendEmailFields.Attachments] = AttachmentSchema.Of(MaxMailBytes(context)),
            [SendEmailFields.Headers] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "Further header fields, by name. Those that the system makes (From, To, Subject, Date, Message-ID, Content-*, …) are refused. `References`, `List-*` and others that programs read are checked by what they hold.",
                MaxProperties = SendEmailLimits.Headers,
                AdditionalProperties = Text("One line, in which no stretch without a blank has more than 998 octets.", SendEmailLimits.HeaderValueLength),
            },
            [SendEmailFields.Tags] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Description = "Your own labels, to find mails by. They are not sent.",
                MaxItems = SendEmailLimits.Tags,
                Items = Tag(),
            },
            [SendEmailFields.OrderingKey] = Text($"Mails of one key are sent in the order in which they were accepted. At most {SendEmailLimits.OrderingKeyBytes} bytes."),
            [SendEmailFields.Stream] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "`transactional`, the default, or `bulk` for what nobody waits for, such as a newsletter: it goes as transactional mails leave room. Order within an ordering key holds within a stream.",
                Enum = [.. MailStreams.Names.Select(name => (JsonNode)name)],
            },
            [SendEmailFields.ScheduledAt] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = $"When to send it: RFC 3339 with an offset, such as `2030-01-31T09:00:00+01:00`, or a time from now in seconds, minutes, hours, days or weeks, such as `in 1 hour`; at most {SendEmailLimits.ScheduledAhead.Days} days ahead. A time that is past means at once.",
            },
        };
        schema.Examples = [Example()];
        return Task.CompletedTask;
    }

    private static int MaxMailBytes(OpenApiSchemaTransformerContext context) =>
        context.ApplicationServices.GetRequiredService<IOptions<ApiOptions>>().Value.MaxMailBytes;

    private static JsonObject Example() => new JsonObject
    {
        [SendEmailFields.From] = "Shop <shop@example.com>",
        [SendEmailFields.To] = "ann@example.com",
        [SendEmailFields.Subject] = "Your order 1234",
        [SendEmailFields.Text] = "Thank you! It leaves today.",
        [SendEmailFields.Attachments] = new JsonArray(AttachmentSchema.Example()),
        [SendEmailFields.Tags] = new JsonArray("order"),
        [SendEmailFields.OrderingKey] = "order-1234",
    };

    private static OpenApiSchema Tag() => new()
    {
        OneOf =
        [
            Text("A label.", SendEmailLimits.TagLength),
            new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Required = new HashSet<string>(StringComparer.Ordinal) { MailTagFields.Name },
                AdditionalPropertiesAllowed = false,
                Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
                {
                    [MailTagFields.Name] = Text("The name.", SendEmailLimits.TagLength),
                    [MailTagFields.Value] = Text("The value.", SendEmailLimits.TagLength),
                },
            },
        ],
    };

    private static OpenApiSchema OneOrMany(string description) => new()
    {
        Description = description,
        OneOf = [Text("One address."), new OpenApiSchema { Type = JsonSchemaType.Array, Items = Text("An address.") }],
    };

    private static OpenApiSchema Text(string description, int? maxLength = null) =>
        new() { Type = JsonSchemaType.String, Description = description, MaxLength = maxLength };
}
