using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace Producer.Api.Requests;

/// <summary>
/// 202 with what was accepted. The framework's own result asks for a logger by its name and streams the JSON, which a post pays for with
/// more time than its JSON takes; this one writes it at once, with its length.
/// </summary>
/// <param name="location">Where to ask for it; null where it is in several places.</param>
/// <param name="value">What the response says.</param>
internal sealed class AcceptedResult<T>(string? location, T value) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status202Accepted, typeof(T), ["application/json"]));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Options);
        var response = httpContext.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.Headers.Location = location;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = json.Length;
        await response.BodyWriter.WriteAsync(json);
    }
}
