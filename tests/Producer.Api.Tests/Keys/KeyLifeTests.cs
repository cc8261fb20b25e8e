using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Producer.Api.Keys;

namespace Producer.Api.Tests.Keys;

/// <summary>A key from its making to its end.</summary>
public class KeyLifeTests
{
    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First), ("Api:KeyRefreshInterval", "00:00:00.2"));

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("X-Api-Key", "")]
    [TestCase("Authorization", "Bearer ")]
    public async Task A_key_that_was_made_is_let_in_at_once(string header, string before)
    {
        var (id, secret) = await _api.MakeAsync("send");

        secret.ShouldMatch("^mk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}$");
        (await _api.PostAsync("/emails", ApiKeys.Mail, (header, before + secret))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        _api.Queue.Mails.ShouldContain(mail => mail.ApiKeyId == id);
    }

    [Test]
    public async Task Only_the_hash_of_a_secret_is_stored_and_the_secret_is_shown_once()
    {
        var (id, secret) = await _api.MakeAsync("send,read", ""","from":["Example.com","BÜCHER.example"],"rate":"10/s","expires_at":"2090-01-01T00:00:00Z" """);

        await using var command = _api.Get<NpgsqlDataSource>().CreateCommand($"SELECT k::text FROM email.api_keys AS k WHERE id = '{id}'");
        var row = (string)(await command.ExecuteScalarAsync())!;
        row.ShouldNotContain(secret[12..]);
        row.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))));

        var list = await (await _api.GetAsync("/keys", ("X-Api-Key", ApiKeys.First))).Content.ReadAsStringAsync();
        list.ShouldNotContain(secret[12..]);
        var key = System.Text.Json.JsonDocument.Parse(list).RootElement.GetProperty("data").EnumerateArray().Single(listed => listed.GetProperty("id").GetGuid() == id);
        key.GetProperty("prefix").GetString().ShouldBe(secret[..11]);
        key.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(["send", "read"]);
        key.GetProperty("from").EnumerateArray().Select(domain => domain.GetString()).ShouldBe(["example.com", "xn--bcher-kva.example"]);
        key.GetProperty("rate").GetString().ShouldBe("10/s");
        key.GetProperty("created_by").GetString().ShouldBe("api-key");
    }

    [Test]
    public async Task A_rotated_key_has_two_secrets_until_the_overlap_is_over_and_keeps_its_id()
    {
        var (id, before) = await _api.MakeAsync("send");

        var rotated = await (await _api.PostAsync($"/keys/{id}/rotate", """{"overlap":"1h"}""", ("X-Api-Key", ApiKeys.First))).JsonAsync();
        var now = rotated.GetProperty("secret").GetString()!;
        rotated.GetProperty("key").GetProperty("id").GetGuid().ShouldBe(id);
        rotated.GetProperty("key").GetProperty("previous_until").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow.AddHours(1), TimeSpan.FromMinutes(1));
        await _api.AcceptAsync(before);
        await _api.AcceptAsync(now);

        await ExecuteAsync($"UPDATE email.api_keys SET previous_until = now() - interval '1 s' WHERE id = '{id}'");
        var refused = await Eventually.Value(() => PostAsync(before), response => response.StatusCode == HttpStatusCode.Unauthorized, Eventually.DefaultDeadline, "the secret of before is refused");
        (await refused.ProblemAsync(401, "unauthorized")).GetProperty("detail").GetString()!.ShouldContain("rotated");
        await _api.AcceptAsync(now);
    }

    [Test]
    public async Task Without_an_overlap_the_secret_of_before_ends_at_once_and_the_default_is_a_day()
    {
        var (id, first) = await _api.MakeAsync("send");

        var second = (await (await _api.PostAsync($"/keys/{id}/rotate", """{"overlap":"0s"}""", ("X-Api-Key", ApiKeys.First))).JsonAsync()).GetProperty("secret").GetString()!;
        (await PostAsync(first)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var third = await (await _api.PostAsync($"/keys/{id}/rotate", "", ("X-Api-Key", ApiKeys.First))).JsonAsync();
        third.GetProperty("key").GetProperty("previous_until").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow.AddDays(1), TimeSpan.FromMinutes(1));
        await _api.AcceptAsync(second);
    }

    [Test]
    public async Task A_key_that_another_instance_revoked_is_refused_within_seconds_and_twice_is_once()
    {
        await using var other = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        var (id, secret) = await _api.MakeAsync("send");
        await _api.AcceptAsync(secret);

        var revoked = await (await other.PostAsync($"/keys/{id}/revoke", "", ("X-Api-Key", ApiKeys.First), ("X-Actor", "ann"))).JsonAsync();
        revoked.GetProperty("revoked_by").GetString().ShouldBe("api-key: ann");
        (await other.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", secret))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var refused = await Eventually.Value(() => PostAsync(secret), response => response.StatusCode == HttpStatusCode.Unauthorized, Eventually.DefaultDeadline, "the key is refused");
        (await refused.ProblemAsync(401, "unauthorized")).GetProperty("detail").GetString()!.ShouldContain("revoked");

        var again = await (await other.PostAsync($"/keys/{id}/revoke", "", ("X-Api-Key", ApiKeys.First), ("X-Actor", "ben"))).JsonAsync();
        again.GetProperty("revoked_by").GetString().ShouldBe("api-key: ann");
        await (await _api.PostAsync($"/keys/{id}/rotate", "", ("X-Api-Key", ApiKeys.First))).ProblemAsync(409, "key_revoked");
    }

    [Test]
    public async Task What_a_key_has_opened_ends_with_the_key()
    {
        var (id, secret) = await _api.MakeAsync("send,read");
        var mail = await _api.AcceptAsync(secret);
        var waits = _api.GetAsync($"/emails/{mail}?wait=30s", ("X-Api-Key", secret));
        var request = new HttpRequestMessage(HttpMethod.Get, $"/emails/{mail}/events") { Headers = { { "Accept", "text/event-stream" }, { "X-Api-Key", secret } } };
        using var response = await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var ends = response.Content.ReadAsStringAsync();

        (await _api.PostAsync($"/keys/{id}/revoke", "", ("X-Api-Key", ApiKeys.First))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Eventually.Ends(ends, within: null, "the stream ends")).ShouldContain("event: accepted");
        (await (await Eventually.Ends(waits, TimeSpan.FromSeconds(20), "the wait ends before its time")).JsonAsync()).GetProperty("state").GetString().ShouldBe("queued");
    }

    [Test]
    public async Task A_key_ends_on_its_date()
    {
        var (id, secret) = await _api.MakeAsync("send", ""","expires_at":"2090-01-01T00:00:00Z" """);
        await _api.AcceptAsync(secret);
        await ExecuteAsync($"UPDATE email.api_keys SET expires_at = now() WHERE id = '{id}'");

        var refused = await Eventually.Value(() => PostAsync(secret), response => response.StatusCode == HttpStatusCode.Unauthorized, Eventually.DefaultDeadline, "the key is refused");
        (await refused.ProblemAsync(401, "unauthorized")).GetProperty("detail").GetString()!.ShouldContain("expired");
    }

    [Test]
    public async Task A_name_is_one_key_s_until_that_is_revoked()
    {
        var name = $"shop-{Guid.NewGuid():N}";
        var (id, _) = await _api.MakeAsync("send", name: name);
        await (await _api.PostAsync("/keys", $$"""{"name":"{{name}}","scopes":["send"]}""", ("X-Api-Key", ApiKeys.First))).ProblemAsync(409, "key_name_taken");

        await _api.PostAsync($"/keys/{id}/revoke", "", ("X-Api-Key", ApiKeys.First));
        (await _api.MakeAsync("send", name: name)).Id.ShouldNotBe(id);
    }

    [Test]
    public async Task The_last_use_is_written_later_and_not_with_each_request()
    {
        // Its minute is not over before the test says so.
        var now = DateTimeOffset.UtcNow;
        await using var api = await ApiHost.StartAsync(
            [("environment", "Production"), ("Api:Key", ApiKeys.First)], services => services.AddSingleton<TimeProvider>(new FakeTimeProvider(now)));
        var (id, secret) = await api.MakeAsync("send");
        await api.AcceptAsync(secret);
        (await LastUseAsync(id)).ShouldBeNull();

        await api.Get<KnownKeys>().NoteUsesAsync(default);

        (await LastUseAsync(id)).ShouldNotBeNull().ShouldBe(now.UtcDateTime, TimeSpan.FromMinutes(1));
    }

    [TestCase("""{"name":"api-key","scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"system","scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"System","scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"01a2075b-6d1c-7e53-b9cb-1a0d1fb3c5a7","scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"01A2075B6D1C7E53B9CB1A0D1FB3C5A7","scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"a b","scopes":["send"]}""", "name is")]
    [TestCase("""{"scopes":["send"]}""", "name is")]
    [TestCase("""{"name":"a","scopes":[]}""", "scopes is")]
    [TestCase("""{"name":"a","scopes":["write"]}""", "scopes is")]
    [TestCase("""{"name":"a","scopes":[null]}""", "scopes is")]
    [TestCase("""{"name":"a","scopes":["send"],"from":["a@example.com"]}""", "from holds")]
    [TestCase("""{"name":"a","scopes":["send"],"from":[""]}""", "from holds")]
    [TestCase("""{"name":"a","scopes":["send"],"rate":"0/s"}""", "rate is")]
    [TestCase("""{"name":"a","scopes":["send"],"rate":"10/d"}""", "rate is")]
    [TestCase("""{"name":"a","scopes":["send"],"expires_at":"2020-01-01T00:00:00Z"}""", "past")]
    [TestCase("""{"name":"a","scopes":["send"],"expires_at":"tomorrow"}""", "expires_at is")]
    [TestCase("""{"name":"a","scopes":["send"],"expires":"2090-01-01T00:00:00Z"}""", "body is not")]
    [TestCase("", "name is")]
    public async Task What_is_wrong_with_a_key_is_said(string body, string expected) =>
        (await (await _api.PostAsync("/keys", body, ("X-Api-Key", ApiKeys.First))).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(expected);

    [TestCase("soon")]
    [TestCase("31d")]
    [TestCase("-1s")]
    public async Task What_is_wrong_with_an_overlap_is_said(string overlap)
    {
        var (id, _) = await _api.MakeAsync("send");

        await (await _api.PostAsync($"/keys/{id}/rotate", $$"""{"overlap":"{{overlap}}"}""", ("X-Api-Key", ApiKeys.First))).ProblemAsync(400, "invalid_request");
    }

    [TestCase("rotate")]
    [TestCase("revoke")]
    public async Task A_key_that_is_not_there_is_not_found(string action)
    {
        await (await _api.PostAsync($"/keys/{Guid.NewGuid()}/{action}", "", ("X-Api-Key", ApiKeys.First))).ProblemAsync(404, "key_not_found");
        await (await _api.PostAsync($"/keys/shop/{action}", "", ("X-Api-Key", ApiKeys.First))).ProblemAsync(404, "key_not_found");
    }

    private Task<HttpResponseMessage> PostAsync(string key) => _api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", key));

    private async Task<DateTime?> LastUseAsync(Guid id)
    {
        await using var command = _api.Get<NpgsqlDataSource>().CreateCommand($"SELECT last_used_at FROM email.api_keys WHERE id = '{id}'");
        return await command.ExecuteScalarAsync() as DateTime?;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _api.Get<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
