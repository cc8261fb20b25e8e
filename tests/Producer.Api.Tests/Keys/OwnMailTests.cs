using System.Net;
using Producer.Api.Security;

namespace Producer.Api.Tests.Keys;

/// <summary>A key sees its own mails alone, unless it has <c>operate</c>.</summary>
public class OwnMailTests
{
    private ApiHost _api = null!;
    private Store _store = null!;
    private (Guid Id, string Secret) _shop;
    private (Guid Id, string Secret) _bank;
    private (Guid Id, string Secret) _operator;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        _store = new Store(_api.Services);
        _shop = await _api.MakeAsync("send,read");
        _bank = await _api.MakeAsync("send,read");
        _operator = await _api.MakeAsync("send,read,operate");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task Before_a_worker_has_read_it_a_mail_is_known_to_its_key_and_to_those_who_see_all()
    {
        var id = await _api.AcceptAsync(_shop.Secret);
        _api.Queue.Mails.Single(mail => mail.Id == id).ApiKeyId.ShouldBe(_shop.Id);

        (await GetAsync($"/emails/{id}", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await GetAsync($"/emails/{id}/events", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await GetAsync($"/emails/{id}", _operator.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await GetAsync($"/emails/{id}", ApiKeys.First)).StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (var path in new[] { $"/emails/{id}", $"/emails/{id}/events" })
            await (await GetAsync(path, _bank.Secret)).ProblemAsync(404, "mail_not_found");
    }

    [Test]
    public async Task Another_key_s_mail_cannot_be_canceled_or_moved([Values] bool read)
    {
        var id = await _api.AcceptAsync(_shop.Secret);
        if (read)
            await _store.SendAsync(id, record => record with { ApiKeyId = _shop.Id }, isSent: false);

        await (await _api.PostAsync($"/emails/{id}/cancel", "", ("X-Api-Key", _bank.Secret))).ProblemAsync(404, "mail_not_found");
        var move = new HttpRequestMessage(HttpMethod.Patch, $"/emails/{id}") { Content = new StringContent("""{"scheduled_at":"in 1 hour"}""", System.Text.Encoding.UTF8, "application/json") };
        move.Headers.Add("X-Api-Key", _bank.Secret);
        await (await _api.Client.SendAsync(move)).ProblemAsync(404, "mail_not_found");
        (await (await GetAsync($"/emails/{id}", _shop.Secret)).JsonAsync()).GetProperty("state").GetString().ShouldBe(read ? "sending" : "queued");
    }

    [Test]
    public async Task A_mail_that_was_canceled_before_a_worker_has_read_it_stays_its_key_s([Values] bool byOperator)
    {
        var id = await _api.AcceptAsync(_shop.Secret);

        (await _api.PostAsync($"/emails/{id}/cancel", "", ("X-Api-Key", byOperator ? _operator.Secret : _shop.Secret))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await Ids("/emails?state=canceled", _shop.Secret)).ShouldContain(id);
        (await Ids("/emails?state=canceled", _bank.Secret)).ShouldNotContain(id);
    }

    [Test]
    public async Task A_list_has_the_key_s_own_mails()
    {
        var (own, others, nobodys) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await _store.SendAsync(own, record => record with { ApiKeyId = _shop.Id });
        await _store.SendAsync(others, record => record with { ApiKeyId = _bank.Id });
        await _store.SendAsync(nobodys);

        var shops = await Ids("/emails?limit=100", _shop.Secret);
        shops.ShouldContain(own);
        shops.ShouldNotContain(others);
        shops.ShouldNotContain(nobodys);
        new[] { own, others, nobodys }.ShouldBeSubsetOf(await Ids("/emails?limit=100", _operator.Secret));
        (await Ids("/emails?sender=a@example.com&limit=100", _shop.Secret)).ShouldNotContain(others);
        await (await GetAsync($"/emails?after={others}", _shop.Secret)).ProblemAsync(400, "invalid_request");
        (await GetAsync($"/emails/{own}", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await GetAsync($"/emails/{others}", _shop.Secret)).ProblemAsync(404, "mail_not_found");
        await (await GetAsync($"/emails/{nobodys}", _shop.Secret)).ProblemAsync(404, "mail_not_found");
    }

    [Test]
    public async Task Failures_are_those_of_the_key_s_own_mails()
    {
        var mail = await _api.AcceptAsync(_shop.Secret);
        var record = await _store.SendAsync(mail, record => record with { ApiKeyId = _shop.Id }, isSent: false);
        var failure = await _store.ProjectAsync(mail, DefaultValue);
        var nobodys = await _store.ProjectAsync(mailId: null);

        (await Ids("/failures", _shop.Secret, "items")).ShouldBe([failure]);
        (await Ids("/failures", _bank.Secret, "items")).ShouldBeEmpty();
        new[] { failure, nobodys }.ShouldBeSubsetOf(await Ids("/failures?limit=200", _operator.Secret, "items"));
        (await GetAsync($"/failures/{failure}", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await GetAsync($"/failures/{failure}", _bank.Secret)).ProblemAsync(404, "failure_not_found");
        await (await GetAsync($"/failures/{nobodys}", _shop.Secret)).ProblemAsync(404, "failure_not_found");
        record.ApiKeyId.ShouldBe(_shop.Id);
    }

    [Test]
    public async Task One_Idempotency_Key_of_two_callers_is_two_mails_and_of_one_is_one()
    {
        var key = Guid.NewGuid().ToString();

        var (first, shop, bank) = (await _api.AcceptAsync(ApiKeys.First, key), await _api.AcceptAsync(_shop.Secret, key), await _api.AcceptAsync(_bank.Secret, key));

        new[] { first, shop, bank }.Distinct().Count().ShouldBe(3);
        (await _api.AcceptAsync(_shop.Secret, key)).ShouldBe(shop);
        (await GetAsync($"/emails/{shop}", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await GetAsync($"/emails/{shop}", _bank.Secret)).ProblemAsync(404, "mail_not_found");
    }

    [Test]
    public async Task A_rotated_key_s_Idempotency_Keys_and_mails_stay_its_own()
    {
        var (id, before) = await _api.MakeAsync("send,read");
        var key = Guid.NewGuid().ToString();
        var mail = await _api.AcceptAsync(before, key);

        var now = (await (await _api.PostAsync($"/keys/{id}/rotate", """{"overlap":"0s"}""", ("X-Api-Key", ApiKeys.First))).JsonAsync()).GetProperty("secret").GetString()!;

        (await _api.AcceptAsync(now, key)).ShouldBe(mail);
        (await GetAsync($"/emails/{mail}", now)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task The_mails_of_a_batch_are_the_key_s()
    {
        var response = await _api.PostAsync("/emails/batch", $"[{ApiKeys.Mail},{ApiKeys.Mail}]", ("X-Api-Key", _shop.Secret), ("Idempotency-Key", Guid.NewGuid().ToString()));

        foreach (var item in (await response.JsonAsync()).GetProperty("data").EnumerateArray())
        {
            var id = item.GetProperty("id").GetGuid();
            _api.Queue.Mails.Single(mail => mail.Id == id).ApiKeyId.ShouldBe(_shop.Id);
            (await GetAsync($"/emails/{id}", _shop.Secret)).StatusCode.ShouldBe(HttpStatusCode.OK);
            await (await GetAsync($"/emails/{id}", _bank.Secret)).ProblemAsync(404, "mail_not_found");
        }
    }

    [TestCase("a@example.com", true)]
    [TestCase("Ann <a@EXAMPLE.com>", true)]
    [TestCase("a@bücher.example", true)]
    [TestCase("a@sub.example.com", false)]
    [TestCase("a@example.org", false)]
    public async Task A_key_sends_from_its_domains_alone(string from, bool allowed)
    {
        var (_, secret) = await _api.MakeAsync("send", ""","from":["example.com","BÜCHER.example"]""");
        var mail = ApiKeys.Mail.Replace("a@example.com", from, StringComparison.Ordinal);

        var single = await _api.PostAsync("/emails", mail, ("X-Api-Key", secret));
        var batch = await _api.PostAsync("/emails/batch", $"[{mail}]", ("X-Api-Key", secret));

        if (allowed)
        {
            single.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            batch.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            return;
        }

        (await single.ProblemAsync(403, "from_not_allowed")).GetProperty("detail").GetString()!.ShouldContain("example.com");
        var error = (await batch.ProblemAsync(422, "validation_failed")).GetProperty("errors").EnumerateArray().Single();
        error.GetProperty("field").GetString().ShouldBe("[0].from");
        error.GetProperty("code").GetString().ShouldBe("from_not_allowed");
    }

    [Test]
    public async Task Who_acts_is_the_key_and_what_it_says()
    {
        var (_, secret) = await _api.MakeAsync("operate", name: $"console-{Guid.NewGuid():N}");
        var name = _api.Get<Callers>().Find(secret).Caller!.Name;
        var (_, said) = await _store.FailAsync();
        var (_, unsaid) = await _store.FailAsync();

        await _api.PostAsync($"/failures/{said}/discard", """{"reason":"gone"}""", ("X-Api-Key", secret), ("X-Actor", "ann"));
        await _api.PostAsync($"/failures/{unsaid}/discard", """{"reason":"gone"}""", ("X-Api-Key", secret));

        (await ActorAsync(said)).ShouldBe($"{name}: ann");
        (await ActorAsync(unsaid)).ShouldBe(name);
    }

    private static byte[] DefaultValue => System.Text.Encoding.UTF8.GetBytes("""{"from":"a@example.com"}""");

    private Task<HttpResponseMessage> GetAsync(string path, string key) => _api.GetAsync(path, ("X-Api-Key", key));

    private async Task<string?> ActorAsync(Guid failure) =>
        (await (await GetAsync($"/failures/{failure}", ApiKeys.First)).JsonAsync()).GetProperty("actions")[0].GetProperty("actor").GetString();

    private async Task<List<Guid>> Ids(string path, string key, string member = "data")
    {
        var response = await GetAsync(path, key);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return [.. (await response.JsonAsync()).GetProperty(member).EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];
    }
}
