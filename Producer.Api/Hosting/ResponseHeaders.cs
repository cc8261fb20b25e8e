using Microsoft.AspNetCore.Http.Features;
using Producer.Api.Console;
using Producer.Api.OpenApi;

namespace Producer.Api.Hosting;

/// <summary>What holds for every response, whichever endpoint or middleware makes it.</summary>
internal static class ResponseHeaders
{
    private static readonly string GetAndHead = $"{HttpMethods.Get}, {HttpMethods.Head}";

    /// <summary>Where files of pages are.</summary>
    private static readonly string[] Files = [OpenApiServices.PagePath, ConsolePaths.Assets];

    /// <summary>
    /// Responses are for their caller alone and are what they say: <c>Cache-Control: no-store</c> (but for the files of pages, which hold
    /// nothing of anybody's) and <c>X-Content-Type-Options: nosniff</c>. First in the pipeline, so that its word is the last.
    /// </summary>
    public static void UseResponseHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(static state => Complete((HttpContext)state), context);
        return next(context);
    });

    /// <summary>
    /// <c>HEAD</c> is <c>GET</c> without the body (RFC 9110, section 9.3.2), for every endpoint there is. Before routing.
    /// </summary>
    public static void UseHeadAsGet(this IApplicationBuilder app) =>
        app.Use((context, next) => HttpMethods.IsHead(context.Request.Method) ? GetWithoutBodyAsync(context, next) : next(context));

    private static Task Complete(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (!IsFile(context.Request.Path))
            headers.CacheControl = "no-store";
        // Whatever is there by GET is there by HEAD.
        if (headers.Allow is { Count: > 0 } methods && methods.ToString() is var allow && allow.Contains(HttpMethods.Get, StringComparison.Ordinal))
            headers.Allow = allow.Replace(HttpMethods.Get, GetAndHead, StringComparison.Ordinal);
        return Task.CompletedTask;
    }

    private static bool IsFile(PathString path)
    {
        foreach (var files in Files)
        {
            if (path.StartsWithSegments(files, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static async Task GetWithoutBodyAsync(HttpContext context, RequestDelegate next)
    {
        var (response, aborted) = (context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), context.RequestAborted);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var body = new HeadBody(response, ended);
        context.Request.Method = HttpMethods.Get;
        context.RequestAborted = ended.Token;
        context.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(context);
            await body.Started;
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
            context.RequestAborted = aborted;
            context.Features.Set(response);
        }
    }
}
