using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Producer.Api.Keys;
using Producer.Api.Problems;

namespace Producer.Api.Security;

/// <summary>
/// Lets callers in who present a stored key, or the one of <c>Api:Key</c>, as <c>X-Api-Key</c> or as a bearer token; without a configured
/// key (only in Development, see the options) lets everybody in. No database is asked.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Callers callers)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string HeaderName = "X-Api-Key";

    /// <summary>The name of every caller who has the key of <c>Api:Key</c>.</summary>
    public const string KeyHolder = "api-key";

    /// <summary>The name of every caller where no key is configured.</summary>
    public const string Anonymous = "anonymous";

    private static readonly Task<AuthenticateResult> None = Task.FromResult(AuthenticateResult.NoResult());

    private KeyMatch? _refused;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var (match, caller) = callers.Of(Request);
        if (match is not { } known)
            return None;
        return Task.FromResult(caller is not null ? caller.Result : Refuse(known));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        if (_refused == KeyMatch.NotRead)
        {
            await ProblemTypes.KeysUnavailable.Because(ProblemTypes.KeysUnavailable.Meaning).ExecuteAsync(Context);
            return;
        }

        Response.Headers.WWWAuthenticate = "Bearer";
        await ProblemTypes.Unauthorized.Because(_refused switch
        {
            null => "No key was sent. Send it as `X-Api-Key: …` or `Authorization: Bearer …`.",
            KeyMatch.Revoked => "The key that was sent was revoked.",
            KeyMatch.Expired => "The key that was sent has expired.",
            KeyMatch.Replaced => "The key that was sent was rotated, and its time is over: send the new secret.",
            _ => "The key that was sent is not a valid key of this service: it may be misspelt, or have been replaced.",
        }).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Scopes.Refuse(Context, Scopes.LackedBy(Caller.Of(Context), Context.GetEndpoint())).ExecuteAsync(Context);

    private AuthenticateResult Refuse(KeyMatch match)
    {
        _refused = match;
        return AuthenticateResult.Fail("The API key is not valid.");
    }
}
