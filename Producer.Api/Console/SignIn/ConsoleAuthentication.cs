using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using Producer.Api.Console.Pages;
using Producer.Api.Keys;
using Producer.Api.Security;

namespace Producer.Api.Console.SignIn;

/// <summary>
/// Who looks at the console: whoever signed in with a provider (<see cref="Oidc"/>), or where none is configured with an API key, as long as
/// that key is valid; everybody, where callers are not asked for one. The cookie holds the key's hash and not the key, and the person's name.
/// </summary>
internal sealed class ConsoleAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> schemes, ILoggerFactory logger, UrlEncoder encoder, Callers callers, IOptions<ConsoleOptions> console)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logger, encoder)
{
    public const string SchemeName = "Console";
    public const string CookieScheme = "ConsoleCookie";
    public const string CookieName = "__Host-console";

    /// <summary>The parameter of the sign-in page that says where to go on.</summary>
    public const string ReturnParameter = "return";

    private const string KeyPrefix = "prefix";
    private const string KeyHash = "hash";

    /// <summary>What the cookie holds of somebody who has a key.</summary>
    public static ClaimsPrincipal Session(string key, string person)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeySecret.Hash(key, hash);
        return new ClaimsPrincipal(new ClaimsIdentity(
            [
                new Claim(ClaimTypes.Name, person),
                new Claim(KeyPrefix, KeySecret.HasForm(key) ? KeySecret.PrefixOf(key).ToString() : ""),
                new Claim(KeyHash, Convert.ToHexString(hash)),
            ],
            CookieScheme));
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!callers.AreAsked && !console.Value.HasOidc)
            return Caller.Anonymous.Result;
        var cookie = await Context.AuthenticateAsync(CookieScheme);
        if (cookie.Principal is not { } session)
            return AuthenticateResult.NoResult();
        if (Oidc.CallerOf(session, console.Value) is { } person)
            return person.Result;
        // With a provider keys of before let nobody in.
        if (console.Value.HasOidc || session.FindFirstValue(KeyHash) is not { } hash)
            return AuthenticateResult.NoResult();
        var (_, caller) = callers.Find(session.FindFirstValue(KeyPrefix), Convert.FromHexString(hash));
        return caller is null ? AuthenticateResult.Fail("The key was revoked or replaced, or has expired.") : caller.As(session.Identity!.Name!).Result;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // A stream or a look from a script goes nowhere.
        if (Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) || HttpMethods.IsPost(Request.Method))
        {
            var back = HttpMethods.IsGet(Request.Method) ? Request.Path + Request.QueryString : ConsolePaths.Root;
            Response.Redirect($"{ConsolePaths.SignIn}?{ReturnParameter}={Uri.EscapeDataString(back)}");
        }
        else
        {
            Response.StatusCode = StatusCodes.Status401Unauthorized;
        }

        return Task.CompletedTask;
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Messages.Forbidden(Context, Scopes.LackedBy(Caller.Of(Context), Context.GetEndpoint())).ExecuteAsync(Context);

    /// <summary>How the cookie is: for this host and over TLS alone (browsers take 127.0.0.1 for as good), out of scripts' reach, and not sent along from other sites.</summary>
    internal static void Configure(CookieAuthenticationOptions cookie, ConsoleOptions options)
    {
        cookie.Cookie.Name = CookieName;
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.ExpireTimeSpan = options.SessionLifetime;
        cookie.SlidingExpiration = false;
    }
}
