using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Console.Tests;

/// <summary>An OpenID Connect provider in this process that lets everybody in as whom a test says: discovery, keys, authorization by code with PKCE, tokens.</summary>
internal sealed class OidcProvider : IAsyncDisposable
{
    public const string Client = "console";
    public const string Secret = "the-secret-of-the-client";

    private readonly WebApplication _app;
    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "1" };
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string RedirectUri)> _codes = [];

    private OidcProvider(int port)
    {
        Address = $"http://127.0.0.1:{port}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add(Address);
        _app.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = Address,
            authorization_endpoint = $"{Address}/authorize",
            token_endpoint = $"{Address}/token",
            jwks_uri = $"{Address}/keys",
        }));
        _app.MapGet("/keys", () => Results.Json(new { keys = new[] { new { kty = "RSA", kid = "1", use = "sig", alg = "RS256", n = Part(key => key.Modulus), e = Part(key => key.Exponent) } } }));
        _app.MapGet("/authorize", Authorize);
        _app.MapPost("/token", TokenAsync);
    }

    public string Address { get; }

    /// <summary>Who signs in.</summary>
    public string Email { get; set; } = "ann@example.com";

    /// <summary>With which roles.</summary>
    public string[] Roles { get; set; } = [];

    /// <summary>The signature's key; another than the one that is published for a forger.</summary>
    public SecurityKey? SignedBy { get; set; }

    public static async Task<OidcProvider> StartAsync()
    {
        var provider = new OidcProvider(Ports.Free());
        await provider._app.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private string Part(Func<RSAParameters, byte[]?> part) => Base64UrlEncoder.Encode(part(_key.Rsa.ExportParameters(includePrivateParameters: false)));

    private IResult Authorize(HttpRequest request)
    {
        var query = request.Query;
        if (query["client_id"] != Client || query["response_type"] != "code" || query["code_challenge_method"] != "S256")
            return Results.BadRequest();
        var code = Guid.NewGuid().ToString("N");
        _codes[code] = (query["nonce"]!, query["code_challenge"]!, query["redirect_uri"]!);
        return Results.Redirect($"{query["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(query["state"]!)}");
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (!_codes.TryRemove(form["code"].ToString(), out var asked) || form["client_secret"] != Secret || form["redirect_uri"] != asked.RedirectUri
            || Base64UrlEncoder.Encode(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked.Challenge)
        {
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }

        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Address,
            Audience = Client,
            IssuedAt = DateTime.UtcNow,
            Expires = DateTime.UtcNow.AddMinutes(5),
            Subject = new ClaimsIdentity([new Claim("sub", "1"), new Claim("email", Email), new Claim("nonce", asked.Nonce), .. Roles.Select(role => new Claim("roles", role))]),
            SigningCredentials = new SigningCredentials(SignedBy ?? _key, SecurityAlgorithms.RsaSha256),
        });
        return Results.Json(new { access_token = "none", token_type = "Bearer", id_token = token });
    }
}
