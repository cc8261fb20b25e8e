using System.Text;
using System.Text.Json.Nodes;
using Contracts.Validation;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Producer.Api.Problems;

namespace Producer.Api.OpenApi;

/// <summary>Describes the problem responses of each operation: one response per status, which names its codes and what each means.</summary>
internal static class ProblemResponses
{
    private const string SchemaName = "Problem";

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<ProblemsMetadata>().LastOrDefault() is not { } problems)
            return Task.CompletedTask;

        operation.Responses ??= [];
        foreach (var status in problems.Types.GroupBy(type => type.Status).OrderBy(group => group.Key))
        {
            var key = status.Key.ToString(System.Globalization.CultureInfo.InvariantCulture);
            operation.Responses[key] = Response([.. status], context.Document!);
        }

        return Task.CompletedTask;
    }

    public static Task AddSchemaAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.AddComponent(SchemaName, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "Problem details (RFC 9457) with a stable `code`.",
            Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "code" },
            Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
            {
                ["type"] = Text("`urn:messaging:problem:` and the code."),
                ["title"] = Text("The same words for each problem of this code."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
                ["detail"] = Text("What happened this time."),
                ["code"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Description = "What programs look at.",
                    Enum = [.. ProblemTypes.All.Select(type => (JsonNode)type.Code)],
                },
                ["errors"] = Errors(),
                ["data"] = new OpenApiSchema { Type = JsonSchemaType.Array, Description = "With `partly_accepted`: `id` and `index` of each mail of the batch that was accepted.", Items = Accepted() },
                ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid", Description = "With `outcome_unknown`: the mail to ask for." },
                ["state"] = Text("With `mail_not_waiting` and `idempotency_key_taken`: the mail's state."),
                ["reason"] = Text("With `failure_not_open`: why not, in a word."),
                ["scope"] = Text("With `insufficient_scope`: the scope that is needed."),
                ["limit"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "With `too_large`: how many bytes of JSON a mail may have." },
                ["line"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "With `invalid_json`: the line, from 1." },
                ["position"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "With `invalid_json`: the byte in that line, from 1." },
                ["name"] = Text("The same as `code`, by the name that Resend's clients look for."),
                ["message"] = Text("The same as `detail`, for them."),
                ["statusCode"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The same as `status`, for them." },
                ["trace_id"] = Text("Finds the request in logs and traces."),
            },
        });
        return Task.CompletedTask;
    }

    private static OpenApiResponse Response(IReadOnlyList<ProblemType> types, OpenApiDocument document)
    {
        var description = new StringBuilder();
        foreach (var type in types)
            description.Append("- `").Append(type.Code).Append("`: ").Append(type.Meaning).Append('\n');

        var response = new OpenApiResponse
        {
            Description = description.ToString(),
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                ["application/problem+json"] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchemaReference(SchemaName, document),
                    Examples = types.ToDictionary(type => type.Code, Example, StringComparer.Ordinal),
                },
            },
        };
        if (types.Any(type => type.RetryAfterSeconds is not null))
            response.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["Retry-After"] = new OpenApiHeader { Description = "Seconds after which to try again.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer } },
            };
        return response;
    }

    private static IOpenApiExample Example(ProblemType type)
    {
        var problem = new JsonObject { ["type"] = type.Uri, ["title"] = type.Title, ["status"] = type.Status, ["code"] = type.Code };
        if (type == ProblemTypes.ValidationFailed)
            problem["errors"] = new JsonArray(new JsonObject
            {
                ["field"] = "to[1]",
                ["code"] = "invalid_address",
                ["message"] = "is not a valid e-mail address; one address is expected, such as ann@example.com",
            });
        return new OpenApiExample { Summary = type.Title, Value = problem };
    }

    private static OpenApiSchema Errors() => new()
    {
        Type = JsonSchemaType.Array,
        Description = "With `validation_failed`: every field that is wrong.",
        Items = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
            {
                ["index"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "Of a batch: the mail's place, from 0." },
                ["field"] = Text("Where it is, such as `to[1]`; of a batch `[2].to[1]`."),
                ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What programs look at.", Enum = [.. ValidationCodes.All.Concat([ProblemTypes.TooLarge.Code, ProblemTypes.FromNotAllowed.Code, ProblemTypes.NotAccepted.Code, ProblemTypes.OutcomeUnknown.Code]).Select(code => (JsonNode)code)] },
                ["message"] = Text("What is wrong and what is allowed, to follow the field's name."),
                ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid", Description = "Of a batch, with `outcome_unknown`: the mail to ask for." },
            },
        },
    };

    private static OpenApiSchema Accepted() => new()
    {
        Type = JsonSchemaType.Object,
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid", Description = "The mail." },
            ["index"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "Its place in the batch, from 0." },
        },
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
}
