namespace Producer.Api.Problems;

/// <summary>
/// Gives a response that is an error and has no body its problem: those of the framework, such as 404 for an unknown path. Its own
/// <c>UseStatusCodePages</c> does the same, and costs each request that ends well more than its routing.
/// </summary>
internal sealed class EmptyErrors(RequestDelegate next, IProblemDetailsService problems)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var response = context.Response;
        if (response.StatusCode is < 400 or >= 600 || response.HasStarted || response.ContentLength is not null || !string.IsNullOrEmpty(response.ContentType))
            return;
        await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = response.StatusCode } });
    }
}
