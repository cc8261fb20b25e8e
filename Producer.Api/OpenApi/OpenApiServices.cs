using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
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
            Description = "The key of `Api:Key`. In Development none is needed unless one is set.",
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
        if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>().Any())
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] },
            ];
        return Task.CompletedTask;
    }
}
