using Microsoft.AspNetCore.Diagnostics;
using Persistence;
using ServiceDefaults.Logging;

namespace Producer.Api.Problems;

/// <summary>Turns what an endpoint throws into a problem response, and tells the log what the caller is not told.</summary>
internal sealed class ExceptionProblems(IProblemDetailsService problems, LogLimiter limiter, ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = ProblemTypes.ClientClosedRequest.Status;
            return true;
        }

        var type = Note(httpContext, exception);
        var detail = (exception as BadHttpRequestException)?.Message;
        httpContext.Response.StatusCode = type.Status;
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = type.Details(detail) });
    }

    /// <summary>What an exception means, after the log was told.</summary>
    public ProblemType Note(HttpContext context, Exception exception)
    {
        var type = Explain(exception);
        // What is no more than a problem is told where that is written.
        if (type.Status >= 500)
            Log(type, context, exception);
        return type;
    }

    private void Log(ProblemType type, HttpContext context, Exception exception)
    {
        var (method, path, trace) = (context.Request.Method, context.Request.Path.ToUriComponent(), ProblemResults.TraceId(context));
        if (type == ProblemTypes.Internal)
            logger.LogError(exception, "{Method} {Path} failed, trace_id {TraceId}", method, path, trace);
        else if (limiter.Allows(logger, LogLevel.Warning, "failed requests", exception.GetType().Name))
            logger.LogWarning("{Method} {Path} failed with {Code}, trace_id {TraceId}: {Reason}", method, path, type.Code, trace, exception.Message);
    }

    private static ProblemType Explain(Exception exception) => exception switch
    {
        BadHttpRequestException bad => ProblemTypes.OfStatus(bad.StatusCode),
        _ when PostgresErrors.IsPassing(exception) => ProblemTypes.DatabaseUnavailable,
        _ => ProblemTypes.Internal,
    };
}
