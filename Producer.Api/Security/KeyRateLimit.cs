using System.Globalization;
using Producer.Api.Keys;
using Producer.Api.Problems;

namespace Producer.Api.Security;

/// <summary>Counts the requests of keys that have a rate, tells them in the headers that the field uses, and refuses those that are too many.</summary>
internal static class KeyRateLimit
{
    public const string LimitHeader = "ratelimit-limit";
    public const string RemainingHeader = "ratelimit-remaining";
    public const string ResetHeader = "ratelimit-reset";

    /// <summary>Behind authentication: what a key is not allowed counts as well.</summary>
    public static void UseKeyRateLimit(this IApplicationBuilder app) =>
        app.Use((context, next) => context.User is Caller caller ? RunAsync(context, caller, next) : next(context));

    /// <summary>Goes on with a request of a caller, or refuses it.</summary>
    public static Task RunAsync(HttpContext context, Caller caller, RequestDelegate next) =>
        caller.Use?.Window is { } window && !Take(context, window) ? RefuseAsync(context, caller, window) : next(context);

    private static bool Take(HttpContext context, RateWindow window)
    {
        var use = window.Take();
        // Where something throws, its response takes off what headers there are by then.
        context.Response.OnStarting(static state => Tell((Counted)state), new Counted(context.Response, window.Rate, use));
        return use.IsAllowed;
    }

    private static Task Tell(Counted request)
    {
        var (headers, rate, use) = (request.Response.Headers, request.Rate, request.Use);
        headers[LimitHeader] = Text(rate.Count);
        headers[RemainingHeader] = Text(use.Remaining);
        headers[ResetHeader] = Text(use.ResetSeconds);
        if (!use.IsAllowed)
            headers.RetryAfter = Text(use.ResetSeconds);
        return Task.CompletedTask;
    }

    private static Task RefuseAsync(HttpContext context, Caller caller, RateWindow window) => ProblemTypes.RateLimited.Because(
        $"The key '{caller.Name}' may make {window.Rate.Count} requests in {window.Rate.Window.TotalSeconds:0} s here. Nothing was done.").ExecuteAsync(context);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Counted(HttpResponse Response, KeyRate Rate, RateUse Use);
}
