using Microsoft.OpenApi;

namespace Producer.Api.OpenApi;

/// <summary>Describes an endpoint that also responds with what is not JSON, where <c>Accept</c> asks for it.</summary>
internal static class OtherForms
{
    /// <summary>Adds media types to what a 200 has.</summary>
    public static RouteHandlerBuilder AlsoAs(this RouteHandlerBuilder endpoint, params string[] mediaTypes) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            foreach (var mediaType in mediaTypes)
                operation.Responses!["200"].Content![mediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
            return Task.CompletedTask;
        });
}
