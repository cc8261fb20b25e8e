using System.Net;
using System.Text.RegularExpressions;

namespace Console.Tests;

/// <summary>A browser without scripts, as little of one as these tests need: it stores cookies, and sends a form's token back.</summary>
internal sealed partial class Visitor(ConsoleHost host) : IDisposable
{
    private readonly HttpClient _client = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(host.Address) };

    /// <summary>Cookies by name, which go to any port, as those of a real one do.</summary>
    public Dictionary<string, string> Cookies { get; init; } = [];

    /// <summary>What the cookies were set with.</summary>
    public List<string> SetCookies { get; } = [];

    /// <summary>The token of the form that was seen last.</summary>
    public string? Token { get; set; }

    public Task<Seen> GetAsync(string path, string accept = "text/html") => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), accept);

    /// <summary>Sends a form, with the token of the page that was seen last.</summary>
    public Task<Seen> PostAsync(string path, params (string Name, string Value)[] fields) => SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent((Token is null ? fields : [.. fields, ("token", Token)]).Select(field => KeyValuePair.Create(field.Name, field.Value))),
        },
        "text/html");

    public async Task<Seen> SignInAsync(string key, string name, string back = "/console/failures")
    {
        await GetAsync($"/console/sign-in?return={Uri.EscapeDataString(back)}");
        return await PostAsync("/console/sign-in", ("key", key), ("name", name), ("return", back));
    }

    public void Dispose() => _client.Dispose();

    private async Task<Seen> SendAsync(HttpRequestMessage request, string accept)
    {
        request.Headers.Add("Accept", accept);
        if (Cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            SetCookies.Add(cookie);
            var (name, value) = (cookie[..cookie.IndexOf('=', StringComparison.Ordinal)], cookie[(cookie.IndexOf('=', StringComparison.Ordinal) + 1)..cookie.IndexOf(';', StringComparison.Ordinal)]);
            if (value.Length == 0)
                Cookies.Remove(name);
            else
                Cookies[name] = value;
        }

        var html = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync();
        if (FormToken().Match(html) is { Success: true } token)
            Token = WebUtility.HtmlDecode(token.Groups["token"].Value);
        return new Seen(response.StatusCode, html, response.Headers.Location?.ToString(), response.Headers.TryGetValues("Content-Security-Policy", out var policy) ? policy.Single() : null);
    }

    [GeneratedRegex("name=\"token\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FormToken();
}

/// <summary>What a visitor saw.</summary>
internal sealed record Seen(HttpStatusCode Status, string Html, string? Location, string? Policy);
