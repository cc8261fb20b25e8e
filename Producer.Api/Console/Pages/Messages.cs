using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Keys;
using Persistence.Text;

namespace Producer.Api.Console.Pages;

/// <summary>Pages that say why there is nothing else.</summary>
internal static class Messages
{
    public static RazorComponentResult NotFound(HttpContext context, string what) =>
        Make(context, StatusCodes.Status404NotFound, "Not found", what);

    public static RazorComponentResult Forbidden(HttpContext context, KeyScope lacked) => Make(
        context, StatusCodes.Status403Forbidden, "Not allowed",
        $"You signed in with a key that lacks the scope '{lacked.ToText()}', which this needs. Nothing was done. Sign out, and in again with another key.");

    public static RazorComponentResult Forged(HttpContext context) => Make(
        context, StatusCodes.Status400BadRequest, "Nothing was done",
        "The form was not made for you by this console, or you have signed in or out since it was shown. Go back, load the page again, and send the form again.");

    /// <summary>What a form did, or why not, for who may send it and not see the page that it stands on.</summary>
    public static RazorComponentResult Decided(HttpContext context, int status, string? problem, string done) =>
        Make(context, status, problem is null ? "Done" : "Nothing was done", problem ?? done);

    public static RazorComponentResult Make(HttpContext context, int status, string title, string text) =>
        PageResults.Of<Message>(new { Shell = Shell.Of(context, title, ""), Text = text }, status);
}

/// <summary>Results that are pages.</summary>
internal static class PageResults
{
    public static RazorComponentResult Of<T>(object parameters, int status = StatusCodes.Status200OK)
        where T : Microsoft.AspNetCore.Components.IComponent =>
        new RazorComponentResult(typeof(T), parameters) { StatusCode = status, PreventStreamingRendering = true };
}
