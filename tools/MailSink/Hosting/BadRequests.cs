using System.Text.Json;

namespace MailSink.Hosting;

/// <summary>Says what is wrong with a request's body or parameters, which the framework by itself leaves at an empty 400.</summary>
internal static class BadRequests
{
    public static async Task ExplainAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            var reason = exception.InnerException is JsonException json ? json.Message : exception.Message;
            await Results.Problem(reason, statusCode: exception.StatusCode, title: "The request cannot be read").ExecuteAsync(context);
        }
    }
}
