using Producer.Api.Console;
using Producer.Api.OpenApi;

namespace Producer.Api.Hosting;

/// <summary>What holds for every response, whichever endpoint or middleware makes it.</summary>
internal static class ResponseHeaders
{
    /// <summary>Where files of pages are.</summary>
    private static readonly string[] Files = [OpenApiServices.PagePath, ConsolePaths.Assets];

    /// <summary>
    /// Responses are for their caller alone and are what they say: <c>Cache-Control: no-store</c> (but for the files of pages, which hold
    /// nothing of anybody's) and <c>X-Content-Type-Options: nosniff</c>. First in the pipeline, so that its word is the last.
    /// </summary>
    public static void UseResponseHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            if (!Array.Exists(Files, path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase)))
                headers.CacheControl = "no-store";
            return Task.CompletedTask;
        });
        return next(context);
    });

    /// <summary>
    /// <c>HEAD</c> is <c>GET</c> without the body (RFC 9110, section 9.3.2), for every endpoint there is. Before routing.
    /// </summary>
    public static void UseHeadAsGet(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            if (context.Response.Headers.Allow.ToString() is var allow && allow.Contains(HttpMethods.Get, StringComparison.Ordinal))
                context.Response.Headers.Allow = allow.Replace(HttpMethods.Get, $"{HttpMethods.Get}, {HttpMethods.Head}", StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var body = context.Response.Body;
        context.Request.Method = HttpMethods.Get;
        context.Response.Body = Stream.Null;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
            context.Response.Body = body;
        }
    });
}
