using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Persistence.Text;
using Producer.Api.Security;
using Scalar.AspNetCore;

namespace Producer.Api.OpenApi;

/// <summary>The API's description at <c>/openapi/v1.json</c> and a page to try it at <c>/scalar</c>.</summary>
internal static class OpenApiServices
{
    public const string PagePath = "/scalar";

    private const string KeyScheme = "ApiKey";
    private const string BearerScheme = "Bearer";
    private const string ScopesExtension = "x-required-scopes";

    private static readonly Dictionary<string, string> Tags = new(StringComparer.Ordinal)
    {
        ["Emails"] = "Mails: accepted, found, followed, rescheduled and canceled.",
        ["Failures"] = "Mails that failed, and what people do about them.",
        ["Operations"] = "What is done with many failures at once.",
        ["Holds"] = "What people hold back: mails that wait, or are canceled.",
        ["Stats"] = "The state of the system.",
        ["Keys"] = "API keys.",
        ["Health"] = "Whether the process runs and can do its work.",
    };

    public static IServiceCollection AddApiDescription(this IServiceCollection services) =>
        services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer(Introduce);
            options.AddDocumentTransformer(ProblemResponses.AddSchemaAsync);
            options.AddOperationTransformer(ProblemResponses.DescribeAsync);
            options.AddOperationTransformer(DescribeSecurity);
            options.AddOperationTransformer(DescribeBody);
            options.AddSchemaTransformer(MailSchema.DescribeAsync);
            options.AddSchemaTransformer(OptionalMembers.DescribeAsync);
        });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(PagePath, options => options.WithTitle("Mail dispatch")).AllowAnonymous();
        if (app.Environment.IsDevelopment())
            app.MapGet("/", () => TypedResults.Redirect(PagePath)).ExcludeFromDescription().AllowAnonymous();
    }

    private static Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Mail dispatch",
            Version = "v1",
            Contact = new OpenApiContact { Name = "The Messaging maintainers" },
            License = new OpenApiLicense { Name = "Apache License 2.0", Identifier = "Apache-2.0" },
            Description = """
                Post a mail and get a response at once; workers send it. `202` means that all in-sync replicas of Kafka have it.
                Every other response is a problem (RFC 9457) with a stable `code`, which says whether the mail was surely not accepted or may have been.
                """,
        };
        // Where the description came from; it does not repeat what a caller says in Host.
        document.Servers = [new OpenApiServer { Url = "/", Description = "This service." }];
        foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
            tag.Description = Tags[tag.Name!];
        document.AddComponent<IOpenApiSecurityScheme>(KeyScheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = ApiKeyAuthentication.HeaderName,
            Description = "A key that was made by `POST /keys` or `Producer.Api keys create`, with its scopes (`send`, `read`, `operate`, `admin`), or the one of `Api:Key`, which has all. In Development none is needed unless one is set.",
        });
        document.AddComponent<IOpenApiSecurityScheme>(BearerScheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "The same key as a bearer token.",
        });
        return Task.CompletedTask;
    }

    private static Task DescribeSecurity(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement()];
            operation.Responses?.TryAdd("400", new OpenApiResponse { Description = "The request is not valid HTTP." });
            return Task.CompletedTask;
        }

        string[] scopes = [.. metadata.OfType<ScopeMetadata>().Select(needed => needed.Scope.ToText())];
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] },
        ];
        // Beside the requirement: in it linters take roles (OpenAPI 3.1, section 4.8.30) for scopes of OAuth, and these schemes are not OAuth's.
        operation.AddExtension(ScopesExtension, new JsonNodeExtension(new JsonArray([.. scopes.Select(scope => (JsonNode)scope)])));
        operation.Description = $"{operation.Description}{(string.IsNullOrEmpty(operation.Description) ? "" : "\n\n")}Needs a key with the {(scopes.Length > 1 ? "scopes" : "scope")} {string.Join(" and ", scopes.Select(scope => $"`{scope}`"))}.";
        return Task.CompletedTask;
    }

    /// <summary>What the generator says of a body are the words of the first parameter that is not one.</summary>
    private static Task DescribeBody(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (operation.RequestBody is OpenApiRequestBody body)
            body.Description = null;
        return Task.CompletedTask;
    }
}
