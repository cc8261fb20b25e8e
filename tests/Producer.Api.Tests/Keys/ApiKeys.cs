using System.Net;
using System.Text.Json;

namespace Producer.Api.Tests.Keys;

/// <summary>Keys of a running API, made as an administrator does.</summary>
internal static class ApiKeys
{
    /// <summary>The key of <c>Api:Key</c> in these tests.</summary>
    public const string First = "0123456789abcdef-the-first-key";

    public const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    /// <summary>Makes a key with scopes, and perhaps more.</summary>
    public static async Task<(Guid Id, string Secret)> MakeAsync(this ApiHost api, string scopes, string more = "", string? name = null)
    {
        var list = string.Join(',', scopes.Split(',').Select(scope => $"\"{scope}\""));
        var response = await api.PostAsync("/keys", $$"""{"name":"{{name ?? $"key-{Guid.NewGuid():N}"}}","scopes":[{{list}}]{{more}}}""", ("X-Api-Key", First));
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.Created, body);
        var made = JsonDocument.Parse(body).RootElement;
        return (made.GetProperty("key").GetProperty("id").GetGuid(), made.GetProperty("secret").GetString()!);
    }

    /// <summary>Posts a mail and returns its id.</summary>
    public static async Task<Guid> AcceptAsync(this ApiHost api, string key, string? idempotencyKey = null, string mail = Mail)
    {
        (string, string)[] headers = idempotencyKey is null ? [("X-Api-Key", key)] : [("X-Api-Key", key), ("Idempotency-Key", idempotencyKey)];
        var response = await api.PostAsync("/emails", mail, headers);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return (await response.JsonAsync()).GetProperty("id").GetGuid();
    }
}
