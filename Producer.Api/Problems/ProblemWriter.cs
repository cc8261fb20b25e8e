using System.Net.Mime;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using ServiceDefaults.Logging;

namespace Producer.Api.Problems;

/// <summary>
/// Writes every problem in the one form that errors have here. The framework's writer leaves the body out where <c>Accept</c> does not
/// ask for JSON, and a browser or <c>curl -H 'Accept: text/html'</c> needs the reason just as well (RFC 9110, section 12.5.1, allows it).
/// </summary>
internal sealed class ProblemWriter(IOptions<JsonOptions> json, LogLimiter limiter, ILogger<ProblemWriter> logger) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        ProblemResults.Complete(context);
        // By the trace_id that a caller was told its line is found. While a dependency is away all have the same reason.
        var level = response.StatusCode >= StatusCodes.Status500InternalServerError ? LogLevel.Warning : LogLevel.Information;
        var code = context.ProblemDetails.Extensions[ProblemResults.CodeMember];
        if (response.StatusCode != StatusCodes.Status503ServiceUnavailable || limiter.Allows(logger, level, "problems", $"503 {code}"))
        {
            logger.Log(
                level, "{Method} {Path} responded {Status} {Code}, trace_id {TraceId}",
                request.Method, request.Path.ToUriComponent(), response.StatusCode, code, ProblemResults.TraceId(context.HttpContext));
        }

        await response.WriteAsJsonAsync(
            context.ProblemDetails, json.Value.SerializerOptions, MediaTypeNames.Application.ProblemJson, context.HttpContext.RequestAborted);
    }
}
