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

    public static IServiceCollection AddApiDescription(this IServiceCollection services) =>
        services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer(Introduce);
            options.AddDocumentTransformer(ProblemResponses.AddSchemaAsync);
            options.AddOperationTransformer(ProblemResponses.DescribeAsync);
            options.AddOperationTransformer(DescribeSecurity);
            options.AddSchemaTransformer(MailSchema.DescribeAsync);
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
            Description = """
                Post a mail and get a response at once; workers send it. `202` means that all in-sync replicas of Kafka have it.
                Every other response is a problem (RFC 9457) with a stable `code`, which says whether the mail was surely not accepted or may have been.
                """,
        };
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
            return Task.CompletedTask;
        // OpenAPI 3.1: of schemes other than OAuth's these are the roles that are needed.
        List<string> scopes = [.. metadata.OfType<ScopeMetadata>().Select(needed => needed.Scope.ToText())];
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = scopes },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = scopes },
        ];
        operation.Description = $"{operation.Description}{(string.IsNullOrEmpty(operation.Description) ? "" : "\n\n")}Needs a key with the scope {string.Join(", ", scopes.Select(scope => $"`{scope}`"))}.";
        return Task.CompletedTask;
    }
}
