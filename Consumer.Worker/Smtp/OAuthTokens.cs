using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Access tokens by client credentials (RFC 6749 section 4.4), for all connections: one is fetched where there is none, used until it is about to
/// end, and forgotten where the mail server refuses it.
/// </summary>
internal sealed class OAuthTokens(IHttpClientFactory clients, IOptions<RelayOptions> options, TimeProvider timeProvider) : IDisposable
{
    // RFC 6749 section 5.1 only recommends expires_in.
    private static readonly TimeSpan UsualLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);
    private const int LongestReply = 64 * 1024;

    private readonly SemaphoreSlim _one = new(1);
    private Token? _token;

    /// <summary>A token that lasts a little longer.</summary>
    /// <exception cref="UnusableServerException">The endpoint gives none; the message says why, and no secret.</exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        // Connections that are opened at once wait for one request.
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_token is not { } token || timeProvider.GetUtcNow() >= token.RenewAt)
                _token = token = await FetchAsync(cancellationToken);
            return token.Text;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Forgets a token that the mail server has refused, so that the next login has a new one.</summary>
    public void Forget(string text)
    {
        if (_token is { } token && token.Text == text)
            Interlocked.CompareExchange(ref _token, null, token);
    }

    /// <inheritdoc />
    public void Dispose() => _one.Dispose();

    /// <summary>When a token is to be renewed: with a fifth of its life left, or a minute.</summary>
    internal static DateTimeOffset RenewalOf(DateTimeOffset fetched, TimeSpan life) => fetched + life - (life / 5 < LongestRest ? life / 5 : LongestRest);

    private async Task<Token> FetchAsync(CancellationToken cancellationToken)
    {
        var smtp = options.Value;
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = smtp.OAuthClientId!,
            ["client_secret"] = SecretFile.Current(smtp.OAuthClientSecret, smtp.OAuthClientSecretFile)!,
        };
        if (!string.IsNullOrEmpty(smtp.OAuthScope))
            form["scope"] = smtp.OAuthScope;
        var fetched = timeProvider.GetUtcNow();
        try
        {
            using var client = clients.CreateClient(nameof(OAuthTokens));
            client.MaxResponseContentBufferSize = LongestReply;
            using var content = new FormUrlEncodedContent(form);
            using var response = await client.PostAsync(new Uri(smtp.OAuthTokenEndpoint!), content, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode ? Read(body, fetched) : throw new UnusableServerException($"{NoToken} it replied {(int)response.StatusCode} {ErrorOf(body)}".TrimEnd());
        }
        catch (HttpRequestException exception)
        {
            throw new UnusableServerException($"{NoToken} {exception.GetBaseException().Message}");
        }
        catch (JsonException)
        {
            throw new UnusableServerException($"{NoToken} its reply is not the JSON of a token (RFC 6749 section 5.1)");
        }
    }

    private string NoToken => $"there is no token from {options.Value.Path}:{nameof(RelayOptions.OAuthTokenEndpoint)}:";

    private static Token Read(string body, DateTimeOffset fetched)
    {
        using var json = JsonDocument.Parse(body);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("access_token", out var text) || text.ValueKind != JsonValueKind.String || text.GetString() is not { Length: > 0 } token)
            throw new JsonException();
        var life = json.RootElement.TryGetProperty("expires_in", out var seconds) && Seconds(seconds) is { } given ? given : UsualLife;
        return new Token(token, RenewalOf(fetched, life));
    }

    /// <summary>Some endpoints write the number as a text.</summary>
    private static TimeSpan? Seconds(JsonElement value) =>
        double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>The error's code (RFC 6749 section 5.2), which says what to look at; the rest may hold anything.</summary>
    private static string ErrorOf(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                ? new string([.. error.GetString()!.Take(100).Where(c => c is > ' ' and < '\u007f')])
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private sealed record Token(string Text, DateTimeOffset RenewAt);
}
