using Microsoft.AspNetCore.Diagnostics;
using Persistence;

namespace Producer.Api.Problems;

/// <summary>Turns what an endpoint throws into a problem response, and tells the log what the caller is not told.</summary>
internal sealed class ExceptionProblems(IProblemDetailsService problems, ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = ProblemTypes.ClientClosedRequest.Status;
            return true;
        }

        var (type, detail) = Explain(exception);
        if (type == ProblemTypes.Internal)
            logger.LogError(exception, "{Method} {Path} failed, trace_id {TraceId}", httpContext.Request.Method, httpContext.Request.Path.ToUriComponent(), ProblemResults.TraceId(httpContext));
        else if (type.Status >= 500)
            logger.LogWarning("{Method} {Path} responded {Code}, trace_id {TraceId}: {Reason}", httpContext.Request.Method, httpContext.Request.Path.ToUriComponent(), type.Code, ProblemResults.TraceId(httpContext), exception.Message);

        httpContext.Response.StatusCode = type.Status;
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = type.Details(detail) });
    }

    private static (ProblemType Type, string? Detail) Explain(Exception exception) => exception switch
    {
        BadHttpRequestException bad => (ProblemTypes.OfStatus(bad.StatusCode), bad.Message),
        _ when PostgresErrors.IsUnavailable(exception) => (ProblemTypes.DatabaseUnavailable, null),
        _ => (ProblemTypes.Internal, null),
    };
}
