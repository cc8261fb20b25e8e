using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Keys;
using Producer.Api.Security;

namespace Producer.Api.Console.SignIn;

/// <summary>Signing in and out.</summary>
internal static class SignInEndpoints
{
    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("/sign-in", Show).AllowAnonymous();
        console.MapGet("/sign-in/start", Start).AllowAnonymous();
        console.MapPost("/sign-in", SignInAsync).AllowAnonymous().AddEndpointFilter(Forms.CheckAsync).RequireRateLimiting(SignInLimit.PolicyName);
        // Else it would be taken for a request delegate, whose result and filters are nothing.
        console.MapPost("/sign-out", (Delegate)SignOutAsync).AllowAnonymous().AddEndpointFilter(Forms.CheckAsync);
    }

    private static RazorComponentResult Show(HttpContext context) => Page(context, context.Request.Query[ConsoleAuthentication.ReturnParameter].ToString(), name: "", problem: null);

    /// <summary>To the provider, and back to where somebody wanted to.</summary>
    private static IResult Start(HttpContext context, IOptions<ConsoleOptions> options) => options.Value.HasOidc
        ? TypedResults.Challenge(new AuthenticationProperties { RedirectUri = Back(context.Request.Query[ConsoleAuthentication.ReturnParameter].ToString()) }, [Oidc.SchemeName])
        : Messages.NotFound(context, "No provider is configured: sign in with an API key.");

    private static async Task<IResult> SignInAsync(HttpContext context, Callers callers, IOptions<ConsoleOptions> options, ILoggerFactory loggers)
    {
        if (options.Value.HasOidc)
            return Messages.Make(context, StatusCodes.Status400BadRequest, "Nothing was done", "People sign in with the provider of Console:OidcAuthority here.");
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (key, name, back) = (form["key"].ToString().Trim(), form["name"].ToString().Trim(), form["return"].ToString());
        if (!Actor.IsName(name))
            return Page(context, back, name, $"Give your name: 1 to {Actor.MaxLength} characters, none of them a control character.");
        var (match, caller) = callers.Find(key);
        var logger = loggers.CreateLogger(typeof(SignInEndpoints));
        if (caller is null)
        {
            logger.LogWarning("Somebody at {Address} did not get into the console: the key is {Match}", context.Connection.RemoteIpAddress, match);
            return Page(context, back, name, Explain(match));
        }

        await context.SignInAsync(ConsoleAuthentication.CookieScheme, ConsoleAuthentication.Session(key, name));
        logger.LogInformation("{Actor} signed in to the console from {Address}", caller.As(name).ActsAs, context.Connection.RemoteIpAddress);
        return TypedResults.LocalRedirect($"~{Back(back)}");
    }

    private static async Task<IResult> SignOutAsync(HttpContext context)
    {
        await context.SignOutAsync(ConsoleAuthentication.CookieScheme);
        return TypedResults.LocalRedirect($"~{ConsolePaths.SignIn}");
    }

    private static RazorComponentResult Page(HttpContext context, string back, string name, string? problem) => PageResults.Of<Pages.SignIn>(
        new
        {
            Shell = Shell.Of(context, "Sign in", "") with { Viewer = null, Problem = problem },
            Return = back,
            Name = name,
            Provider = context.RequestServices.GetRequiredService<IOptions<ConsoleOptions>>().Value is { HasOidc: true, OidcAuthority: { } authority } ? new Uri(authority).Host : null,
            IsInsecure = !context.Request.IsHttps && context.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address)
                && context.Request.Headers["X-Forwarded-Proto"] != Uri.UriSchemeHttps,
        },
        problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);

    private static string Explain(KeyMatch match) => match switch
    {
        KeyMatch.NotRead => "Whether the key is valid is not known: the keys have not been read yet, as Postgres does not respond. Try again in a moment.",
        KeyMatch.Revoked => "The key was revoked.",
        KeyMatch.Expired => "The key has expired.",
        KeyMatch.Replaced => "The key was rotated, and its time is over: take the new secret.",
        _ => "The key is not a valid key of this service: it may be misspelt, or have been replaced.",
    };

    private static string Back(string path) => IsOfConsole(path) ? path : ConsolePaths.Root;

    private static bool IsOfConsole(string path) => path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal) && ConsolePaths.Has(path.Split('?')[0]);
}

/// <summary>How often somebody may try to sign in, by address.</summary>
internal sealed class SignInLimit : IRateLimiterPolicy<string>
{
    public const string PolicyName = "console-sign-in";

    /// <summary>Tries a minute.</summary>
    public const int Most = 10;

    public Func<OnRejectedContext, CancellationToken, ValueTask>? OnRejected { get; } = static async (context, _) =>
    {
        context.HttpContext.Response.Headers.RetryAfter = "60";
        await Messages.Make(
            context.HttpContext, StatusCodes.Status429TooManyRequests, "Too many tries", $"More than {Most} tries to sign in came from your address within a minute. Wait a minute, then try again.")
            .ExecuteAsync(context.HttpContext);
    };

    public RateLimitPartition<string> GetPartition(HttpContext httpContext) => RateLimitPartition.GetFixedWindowLimiter(
        httpContext.Connection.RemoteIpAddress?.ToString() ?? "", _ => new FixedWindowRateLimiterOptions { PermitLimit = Most, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 });
}
