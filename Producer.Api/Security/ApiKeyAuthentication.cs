using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Producer.Api.Problems;

namespace Producer.Api.Security;

/// <summary>
/// Lets callers in who present <c>Api:Key</c>, as <c>X-Api-Key</c> or as a bearer token; without a configured key (only in
/// Development, see the options) lets everybody in.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes,
    ILoggerFactory logger,
    UrlEncoder encoder,
    CallerKey key)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string HeaderName = "X-Api-Key";

    /// <summary>The name of every caller who has the key: there is one key.</summary>
    public const string KeyHolder = "api-key";

    /// <summary>The name of every caller where no key is configured.</summary>
    public const string Anonymous = "anonymous";

    private const string BearerPrefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        var wrong = (await HandleAuthenticateOnceSafeAsync()).Failure is not null;
        await ProblemTypes.Unauthorized.Because(wrong
            ? "The key that was sent is not a valid key of this service: it may be misspelt, or have been replaced."
            : "No key was sent. Send it as `X-Api-Key: …` or `Authorization: Bearer …`.").ExecuteAsync(Context);
    }

    private AuthenticateResult Authenticate()
    {
        if (key.Value is not { Length: > 0 } expected)
            return Caller(Anonymous);
        if (Presented() is not { } presented)
            return AuthenticateResult.NoResult();
        return Same(presented, expected) ? Caller(KeyHolder) : AuthenticateResult.Fail("The API key is another one.");
    }

    private string? Presented()
    {
        if (Request.Headers.TryGetValue(HeaderName, out var key))
            return key.ToString();

        var authorization = Request.Headers.Authorization.ToString();
        return authorization.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? authorization[BearerPrefix.Length..].Trim() : null;
    }

    // Hashed first, so that the comparison takes the same time for keys of every length and content.
    private static bool Same(string presented, string expected) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));

    private static AuthenticateResult Caller(string name)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}
