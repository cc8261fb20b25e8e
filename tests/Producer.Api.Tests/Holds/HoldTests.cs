using System.Net;
using System.Text.Json;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Workers;

namespace Producer.Api.Tests.Holds;

/// <summary>Holds by REST. On a database of its own: a hold is on the mails of all.</summary>
public class HoldTests
{
    private ApiHost _api = null!;
    private Store _store = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var postgres = await PostgresFixture.StartAsync();
        _api = await ApiHost.StartOnAsync(await postgres.CreateDatabaseAsync("holds"));
        _store = new Store(_api.Services);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("""{"scope":"all","reason":"r"}""", "all", null, "wait")]
    [TestCase("""{"scope":"stream","value":"bulk","mode":"cancel","reason":"r"}""", "stream", "bulk", "cancel")]
    [TestCase("""{"scope":"sender","value":"news@example.com","mode":"wait","reason":" r "}""", "sender", "news@example.com", "wait")]
    [TestCase("""{"scope":"domain","value":"BÜCHER.example","reason":"r"}""", "domain", "xn--bcher-kva.example", "wait")]
    [TestCase("""{"scope":"tag","value":"campaign:spring","reason":"r"}""", "tag", "campaign:spring", "wait")]
    [TestCase("""{"scope":"subject_prefix","value":"Win ","reason":"r"}""", "subject_prefix", "Win ", "wait")]
    public async Task A_hold_is_made_found_listed_and_released_with_who_and_why(string body, string scope, string? value, string mode)
    {
        var response = await _api.PostAsync("/holds", body, ("X-Actor", "ann"));
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var made = await response.JsonAsync();
        var id = made.GetProperty("id").GetGuid();
        response.Headers.Location!.ToString().ShouldBe($"/holds/{id}");
        made.GetProperty("active").GetBoolean().ShouldBeTrue();
        made.GetProperty("scope").GetString().ShouldBe(scope);
        (made.TryGetProperty("value", out var shown) ? shown.GetString() : null).ShouldBe(value);
        made.GetProperty("mode").GetString().ShouldBe(mode);
        made.GetProperty("reason").GetString().ShouldBe("r");
        made.GetProperty("created_by").GetString().ShouldBe("ann");
        made.GetProperty("waiting").GetInt64().ShouldBe(0);
        made.TryGetProperty("released_at", out _).ShouldBeFalse();

        (await GetAsync(id)).GetProperty("active").GetBoolean().ShouldBeTrue();
        (await ListAsync("?active=true")).ShouldContain(id);
        (await ListAsync("?active=false")).ShouldNotContain(id);

        var released = await (await _api.PostAsync($"/holds/{id}/release", """{"reason":"it is over"}""", ("X-Actor", "bob"))).JsonAsync();
        released.GetProperty("active").GetBoolean().ShouldBeFalse();
        (released.GetProperty("released_by").GetString(), released.GetProperty("release_reason").GetString()).ShouldBe(("bob", "it is over"));
        var again = await (await _api.PostAsync($"/holds/{id}/release", """{"reason":"really"}""", ("X-Actor", "cy"))).JsonAsync();
        again.GetProperty("released_by").GetString().ShouldBe("bob", "releasing twice is releasing once");
        (await ListAsync("?active=false")).ShouldContain(id);
        (await ListAsync("?active=true")).ShouldNotContain(id);
    }

    [TestCase("""{}""", "scope is ''")]
    [TestCase("""{"scope":"everything","reason":"r"}""", "scope is 'everything'")]
    [TestCase("""{"scope":"ALL","reason":"r"}""", "scope is 'ALL'")]
    [TestCase("""{"scope":"all","value":"x","reason":"r"}""", "value is 'x'; for the scope all no value is expected")]
    [TestCase("""{"scope":"stream","value":"slow","reason":"r"}""", "transactional or bulk")]
    [TestCase("""{"scope":"sender","value":"example.com","reason":"r"}""", "one address")]
    [TestCase("""{"scope":"sender","value":"News <news@example.com>","reason":"r"}""", "one address")]
    [TestCase("""{"scope":"sender","reason":"r"}""", "value is not given")]
    [TestCase("""{"scope":"domain","value":"a@example.com","reason":"r"}""", "a domain")]
    [TestCase("""{"scope":"domain","value":"","reason":"r"}""", "a domain")]
    [TestCase("""{"scope":"tag","value":"","reason":"r"}""", "a tag")]
    [TestCase("""{"scope":"subject_prefix","value":"a\nb","reason":"r"}""", "the beginning of a subject")]
    [TestCase("""{"scope":"subject_prefix","value":"a\u0000b","reason":"r"}""", "the beginning of a subject")]
    [TestCase("""{"scope":"all","mode":"stop","reason":"r"}""", "mode is 'stop'")]
    [TestCase("""{"scope":"all","until":"tomorrow","reason":"r"}""", "until is 'tomorrow'")]
    [TestCase("""{"scope":"all","until":"2020-01-01T00:00:00Z","reason":"r"}""", "which is past")]
    [TestCase("""{"scope":"all"}""", "Say why")]
    [TestCase("""{"scope":"all","reason":"  "}""", "Say why")]
    [TestCase("""{"scope":"all","reason":"a\u0000b"}""", "cannot be stored")]
    [TestCase("""{"scope":"all","resaon":"r"}""", "The body is not")]
    [TestCase("""{"scope":1,"reason":"r"}""", "The body is not")]
    [TestCase("""[]""", "The body is not")]
    public async Task What_cannot_be_a_hold_is_refused_with_what_is_expected_and_makes_none(string body, string says)
    {
        var before = (await ListAsync("")).Count;
        (await (await _api.PostAsync("/holds", body)).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(says);
        (await ListAsync("")).Count.ShouldBe(before);
    }

    [Test]
    public async Task A_reason_or_a_value_that_is_too_long_is_refused()
    {
        await (await _api.PostAsync("/holds", $$"""{"scope":"all","reason":"{{new string('x', 1_001)}}"}""")).ProblemAsync(400, "invalid_request");
        await (await _api.PostAsync("/holds", $$"""{"scope":"subject_prefix","value":"{{new string('x', 999)}}","reason":"r"}""")).ProblemAsync(400, "invalid_request");
        await (await _api.PostAsync("/holds", $$"""{"scope":"all","reason":"{{new string('x', 40_000)}}"}""")).ProblemAsync(413, "too_large");
        await (await _api.PostAsync("/holds", "{")).ProblemAsync(400, "invalid_json");
    }

    [TestCase("?active=yes")]
    [TestCase("?limit=0")]
    [TestCase("?limit=201")]
    [TestCase("?cursor=x")]
    [TestCase("?cursor=99999999999999999999")]
    [TestCase("?activ=true")]
    [TestCase("?active=true&active=false")]
    public async Task A_query_that_is_not_what_is_expected_is_refused(string query) =>
        await (await _api.GetAsync($"/holds{query}")).ProblemAsync(400, "invalid_request");

    [TestCase("0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("no-uuid")]
    public async Task A_hold_that_is_not_there_is_not_found(string id)
    {
        await (await _api.GetAsync($"/holds/{id}")).ProblemAsync(404, "hold_not_found");
        await (await _api.PostAsync($"/holds/{id}/release", """{"reason":"r"}""")).ProblemAsync(404, "hold_not_found");
    }

    [TestCase("")]
    [TestCase("""{"reason":" "}""")]
    public async Task A_release_says_why(string body)
    {
        var id = await MakeAsync();
        (await (await _api.PostAsync($"/holds/{id}/release", body)).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain("Say why");
        (await GetAsync(id)).GetProperty("active").GetBoolean().ShouldBeTrue();
        await _api.PostAsync($"/holds/{id}/release", """{"reason":"over"}""");
    }

    [Test]
    public async Task The_list_goes_on_where_the_page_before_ended()
    {
        var made = new List<Guid> { await MakeAsync(), await MakeAsync(), await MakeAsync() };
        made.Reverse();

        var first = await (await _api.GetAsync("/holds?limit=2")).JsonAsync();
        Ids(first).ShouldBe(made.Take(2));
        Ids(await (await _api.GetAsync($"/holds?limit=1&cursor={first.GetProperty("next_cursor").GetString()}")).JsonAsync()).ShouldBe([made[2]]);
        foreach (var id in made)
            await _api.PostAsync($"/holds/{id}/release", """{"reason":"over"}""");
    }

    [Test]
    public async Task A_held_mail_says_which_hold_has_it_is_counted_there_and_in_the_stats_is_no_failure_and_can_be_canceled()
    {
        var hold = await MakeAsync();
        var id = await HeldAsync(hold);

        var mail = await (await _api.GetAsync($"/emails/{id}?wait=100ms")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("held");
        mail.GetProperty("last_event").GetString().ShouldBe("delivery_delayed");
        var held = mail.GetProperty("held");
        held.GetProperty("hold_id").GetGuid().ShouldBe(hold);
        held.GetProperty("reason").GetString().ShouldBe("a flood");
        held.GetProperty("since").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        held.TryGetProperty("rule", out _).ShouldBeFalse();
        mail.TryGetProperty("ended_at", out _).ShouldBeFalse();
        mail.TryGetProperty("last_error", out _).ShouldBeFalse();
        mail.GetProperty("failures").GetArrayLength().ShouldBe(0);
        (await EventsAsync(id)).ShouldContain(("held", $"by hold {hold}: a flood"));
        (await GetAsync(hold)).GetProperty("waiting").GetInt64().ShouldBe(1);
        await Eventually.Until(
            async () => (await (await _api.GetAsync("/stats")).JsonAsync()).GetProperty("mails").GetProperty("held").GetInt64() >= 1, null, "the stats count it");

        (await (await _api.PostAsync($"/emails/{id}/cancel", "")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
        (await GetAsync(hold)).GetProperty("waiting").GetInt64().ShouldBe(0);
        await _api.PostAsync($"/holds/{hold}/release", """{"reason":"over"}""");
    }

    [Test]
    public async Task A_mail_that_a_hold_canceled_says_so()
    {
        var hold = await MakeAsync("cancel");
        var id = await HeldAsync(hold);
        var holds = _api.Get<HoldStore>();
        foreach (var swept in await holds.ListToSweepAsync())
            await holds.SweepAsync(swept, 100);

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("canceled");
        mail.GetProperty("last_error").GetString().ShouldBe($"Canceled by hold {hold}: a flood");
        mail.GetProperty("failures").GetArrayLength().ShouldBe(0);
        (await EventsAsync(id)).ShouldContain(("canceled", $"Canceled by hold {hold}: a flood"));
        await _api.PostAsync($"/holds/{hold}/release", """{"reason":"over"}""");
    }

    [Test]
    public async Task A_mail_that_the_workers_settings_hold_back_names_the_rule_and_has_ended()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        await _store.Mails.HoldBackAsync(record, claim.FencingToken, "Held back: Smtp:OnlyTo does not name this recipient.", []);

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("held");
        mail.GetProperty("last_event").GetString().ShouldBe("suppressed");
        mail.GetProperty("held").GetProperty("rule").GetString().ShouldBe("Smtp:OnlyTo");
        mail.GetProperty("held").TryGetProperty("hold_id", out _).ShouldBeFalse();
        mail.GetProperty("ended_at").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        (await (await _api.PostAsync($"/emails/{id}/cancel", "")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
    }

    [Test]
    public async Task Without_Postgres_nothing_is_held_and_the_response_says_so()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));
        await (await api.PostAsync("/holds", """{"scope":"all","reason":"r"}""")).ProblemAsync(503, "database_unavailable");
        await (await api.GetAsync("/holds")).ProblemAsync(503, "database_unavailable");
        await (await api.PostAsync("/holds/0190b0a0-0000-7000-8000-000000000000/release", """{"reason":"r"}""")).ProblemAsync(503, "database_unavailable");
    }

    private async Task<Guid> MakeAsync(string mode = "wait") =>
        (await (await _api.PostAsync("/holds", $$"""{"scope":"all","mode":"{{mode}}","reason":"a flood"}""")).JsonAsync()).GetProperty("id").GetGuid();

    private async Task<Guid> HeldAsync(Guid hold)
    {
        var id = Guid.NewGuid();
        var worker = await _api.Get<WorkerStore>().RegisterAsync("test", Leases.Lasting, default);
        (await _store.Mails.HoldAsync(Store.RecordOf(id), hold, new WaitingRecord(null, [1], []), worker)).ShouldBeOfType<ClaimResult.Held>();
        return id;
    }

    private async Task<JsonElement> GetAsync(Guid id) => await (await _api.GetAsync($"/holds/{id}")).JsonAsync();

    private async Task<List<Guid>> ListAsync(string query) => Ids(await (await _api.GetAsync($"/holds{query}")).JsonAsync());

    private static List<Guid> Ids(JsonElement list) => [.. list.GetProperty("items").EnumerateArray().Select(hold => hold.GetProperty("id").GetGuid())];

    private async Task<List<(string Type, string? Detail)>> EventsAsync(Guid id) =>
        [.. (await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync()).GetProperty("data").EnumerateArray()
            .Select(happened => (happened.GetProperty("type").GetString()!, happened.TryGetProperty("detail", out var detail) ? detail.GetString() : null))];
}
