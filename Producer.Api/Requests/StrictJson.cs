using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Problems;

namespace Producer.Api.Requests;

/// <summary>Reads small bodies strictly: a misspelt member must not be taken for one that was left out.</summary>
internal static class StrictJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = false };

    /// <summary>Reads the body; neither where it was left out; the problem where it is not valid.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">The most bytes it may have.</param>
    /// <param name="example">What is expected, for the problem.</param>
    /// <param name="cancellationToken">The caller went away.</param>
    public static async Task<(T? Request, ProblemHttpResult? Problem)> ReadAsync<T>(HttpContext context, int maxBytes, string example, CancellationToken cancellationToken)
        where T : class
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return (null, null);

        var (bytes, problem) = await JsonBody.ReadAsync(context.Request, maxBytes, cancellationToken);
        if (problem is not null)
            return (null, problem);
        if (bytes is null)
            return (null, ProblemTypes.TooLarge.Because($"The body has more than {maxBytes} bytes; {example} is expected.", (ProblemResults.LimitMember, maxBytes)));
        if (bytes.Length == 0)
            return (null, null);

        try
        {
            using var document = JsonDocument.Parse(bytes);
            return (document.Deserialize<T>(Options), null);
        }
        catch (JsonException exception) when (exception.Path is null)
        {
            return (null, JsonBody.Explain(exception));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return (null, ProblemTypes.InvalidRequest.Because($"The body is not {example} with texts of Unicode characters."));
        }
    }
}
