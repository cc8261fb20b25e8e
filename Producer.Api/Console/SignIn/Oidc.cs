using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Persistence.Keys;
using Producer.Api.Console.Pages;
using Producer.Api.Security;

namespace Producer.Api.Console.SignIn;

/// <summary>
/// Sign-in with an OpenID Connect provider, by the code flow with PKCE. The cookie holds the name and what the roles allow, and no token:
/// a role that is taken away there ends here with the session.
/// </summary>
internal static class Oidc
{
    public const string SchemeName = "ConsoleOidc";
    public const string Callback = ConsolePaths.SignIn + "/oidc";

    private const string RoleType = "console-role";

    /// <summary>Adds it where an authority is configured: the handler looks at every request, and wants its options.</summary>
    public static void Add(AuthenticationBuilder authentication, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration.GetSection(ConsoleOptions.Section)[nameof(ConsoleOptions.OidcAuthority)]))
            return;
        // The handler wants all of it; its keys are those of ProtectionKeys by now.
        authentication.Services.AddAuthentication();
        authentication.AddOpenIdConnect(SchemeName, _ => { });
        authentication.Services.AddOptions<OpenIdConnectOptions>(SchemeName).Configure<IOptions<ConsoleOptions>>((oidc, console) => Configure(oidc, console.Value));
    }

    /// <summary>Who signed in, by the cookie's claims; null where they are another's.</summary>
    public static Caller? CallerOf(ClaimsPrincipal session, ConsoleOptions options)
    {
        string[] roles = [.. session.FindAll(RoleType).Select(role => role.Value)];
        if (roles.Length == 0 || !options.HasOidc)
            return null;
        return Caller.OfPerson(
            session.Identity!.Name!,
            roles.Contains(options.OidcOperatorRole) ? [KeyScope.Read, KeyScope.Send, KeyScope.Operate] : [KeyScope.Read],
            roles.Contains(options.OidcContentRole));
    }

    private static void Configure(OpenIdConnectOptions oidc, ConsoleOptions options)
    {
        oidc.Authority = options.OidcAuthority;
        // The options let http in on this machine alone.
        oidc.RequireHttpsMetadata = options.OidcAuthority!.StartsWith(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase);
        (oidc.ClientId, oidc.ClientSecret) = (options.OidcClientId, options.OidcClientSecret);
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.UsePkce = true;
        oidc.MapInboundClaims = false;
        oidc.SaveTokens = false;
        oidc.Scope.Clear();
        foreach (var scope in $"openid profile {options.OidcScope}".Split(' ', StringSplitOptions.RemoveEmptyEntries))
            oidc.Scope.Add(scope);
        oidc.CallbackPath = Callback;
        oidc.SignInScheme = ConsoleAuthentication.CookieScheme;
        oidc.CorrelationCookie.SameSite = oidc.NonceCookie.SameSite = SameSiteMode.Lax;
        oidc.Events.OnTokenValidated = context => ValidatedAsync(context, options);
        oidc.Events.OnRemoteFailure = async context =>
        {
            // What the provider says is for the log: a page that repeats it says whatever a link wants.
            context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Oidc))
                .LogWarning("Somebody did not get into the console: {Reason}", context.Failure?.Message);
            context.HandleResponse();
            await Messages.Make(
                context.HttpContext, StatusCodes.Status403Forbidden, "Not signed in",
                context.Failure is NoRoleException ? context.Failure.Message : "The provider did not let you in, or its response came too late. Try again; the log says more.")
                .ExecuteAsync(context.HttpContext);
        };
    }

    private static Task ValidatedAsync(TokenValidatedContext context, ConsoleOptions options)
    {
        var claims = context.Principal!;
        var name = claims.FindFirstValue(options.OidcNameClaim);
        string[] known = [options.OidcReaderRole, options.OidcOperatorRole, options.OidcContentRole];
        string[] roles = [.. claims.FindAll(options.OidcRoleClaim).Select(role => role.Value).Where(role => known.Contains(role, StringComparer.Ordinal)).Distinct(StringComparer.Ordinal)];
        if (name is null || !Actor.IsName(name) || Actor.IsReserved(name))
            context.Fail(new NoRoleException($"The provider does not say who you are: the claim '{options.OidcNameClaim}' (Console:OidcNameClaim) is missing, no name, or one that the system itself acts under."));
        else if (!roles.Contains(options.OidcReaderRole) && !roles.Contains(options.OidcOperatorRole))
            context.Fail(new NoRoleException($"You have neither of the roles '{options.OidcReaderRole}' and '{options.OidcOperatorRole}', of which the console needs one. Ask whoever gives them."));
        else
            context.Principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), .. roles.Select(role => new Claim(RoleType, role))], ConsoleAuthentication.CookieScheme));
        return Task.CompletedTask;
    }

    private sealed class NoRoleException(string message) : Exception(message);
}
