using Microsoft.AspNetCore.Diagnostics;
using Persistence;
using Producer.Api.Problems;

namespace Producer.Api.Console.Hosting;

/// <summary>
/// What a page throws, as a page: a plain one, since what the frame needs may be what is away. The log is told by the same code as of the
/// API, which responds to everything else.
/// </summary>
internal sealed class ConsoleExceptions(ExceptionProblems problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!ConsolePaths.Has(httpContext.Request.Path) || !httpContext.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
            return false;
        var type = problems.Note(httpContext, exception);
        ConsoleHeaders.Add(httpContext);
        httpContext.Response.StatusCode = type.Status;
        httpContext.Response.ContentType = "text/html; charset=utf-8";
        var text = PostgresErrors.IsPassing(exception)
            ? "Postgres does not respond, and the console shows nothing without it. Mails are accepted all the same."
            : "The page could not be made. The log says why, under this trace id.";
        await httpContext.Response.WriteAsync(
            $"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{type.Title} · Mail console</title>
            <link rel="stylesheet" href="{ConsoleAssets.PathOf("console.css")}"></head>
            <body><main id="main"><h1>{type.Title}</h1><p class="lead">{text}</p><p class="hint">Trace id {ProblemResults.TraceId(httpContext)}</p><p><a href="{ConsolePaths.Root}">Try again</a></p></main></body></html>
            """,
            cancellationToken);
        return true;
    }
}
