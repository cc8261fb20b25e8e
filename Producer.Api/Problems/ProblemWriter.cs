using System.Net.Mime;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Producer.Api.Problems;

/// <summary>
/// Writes every problem in the one form that errors have here. The framework's writer leaves the body out where <c>Accept</c> does not
/// ask for JSON, and a browser or <c>curl -H 'Accept: text/html'</c> needs the reason just as well (RFC 9110, section 12.5.1, allows it).
/// </summary>
internal sealed class ProblemWriter(IOptions<JsonOptions> json, ILogger<ProblemWriter> logger) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        ProblemResults.Complete(context);
        logger.Log(
            response.StatusCode >= StatusCodes.Status500InternalServerError ? LogLevel.Warning : LogLevel.Information,
            "{Method} {Path} responded {Status} {Code}, trace_id {TraceId}",
            request.Method, request.Path.ToUriComponent(), response.StatusCode, context.ProblemDetails.Extensions[ProblemResults.CodeMember],
            ProblemResults.TraceId(context.HttpContext));
        await response.WriteAsJsonAsync(
            context.ProblemDetails, json.Value.SerializerOptions, MediaTypeNames.Application.ProblemJson, context.HttpContext.RequestAborted);
    }
}
