using System.Net;
using Contracts;
using MassTransit;

namespace Producer.Api.Tests.Emails;

public class IdempotencyTests
{
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private ApiHost _api = null!;
    private Store _store = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        _store = new Store(_api.Services);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    private Task<HttpResponseMessage> PostAsync(string key, string mail = Mail) => _api.PostAsync("/emails", mail, ("Idempotency-Key", key));

    private static async Task<Guid> IdOf(HttpResponseMessage response) => (await response.JsonAsync()).GetProperty("id").GetGuid();

    [Test]
    public async Task A_repeated_post_is_the_same_mail_also_before_a_worker_has_seen_it()
    {
        var key = Guid.NewGuid().ToString();

        var first = await IdOf(await PostAsync(key));
        var second = await IdOf(await PostAsync(key));

        second.ShouldBe(first);
        _api.Queue.Mails.Count(mail => mail.Id == first).ShouldBe(1);
    }

    [Test]
    public async Task A_repeated_post_of_a_recorded_mail_is_answered_without_a_second_record()
    {
        var key = Guid.NewGuid().ToString();
        var id = await IdOf(await PostAsync(key));
        await _store.ClaimAsync(id, SendEmailJson.Serialize(_api.Queue.Mails.Single(mail => mail.Id == id).Mail));

        var again = await PostAsync(key, """{"to":["b@example.com"],"from":"a@example.com","subject":"s","body":"t"}""");

        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await IdOf(again)).ShouldBe(id);
        _api.Queue.Mails.Count(mail => mail.Id == id).ShouldBe(1);
    }

    [Test]
    public async Task Another_mail_under_a_used_key_is_refused()
    {
        var key = Guid.NewGuid().ToString();
        var id = await IdOf(await PostAsync(key));
        await _store.ClaimAsync(id, SendEmailJson.Serialize(_api.Queue.Mails.Single(mail => mail.Id == id).Mail));

        await (await PostAsync(key, Mail.Replace("\"t\"", "\"other\"", StringComparison.Ordinal))).ProblemAsync(409, "idempotency_key_reused");
        _api.Queue.Mails.Count(mail => mail.Id == id).ShouldBe(1);
    }

    [Test]
    public async Task A_key_whose_mail_was_canceled_is_refused_with_its_state_also_before_a_worker_has_seen_it([Values] bool seen, [Values] bool same)
    {
        var key = Guid.NewGuid().ToString();
        var id = await IdOf(await PostAsync(key));
        if (seen)
        {
            var (record, claim) = await _store.ClaimAsync(id, SendEmailJson.Serialize(_api.Queue.Mails.Single(mail => mail.Id == id).Mail));
            await _store.Mails.LeaveAsync(record, claim.FencingToken, []);
        }

        (await _api.PostAsync($"/emails/{id}/cancel", "")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var again = await PostAsync(key, same ? Mail : Mail.Replace("\"t\"", "\"other\"", StringComparison.Ordinal));
        if (!same)
        {
            await again.ProblemAsync(409, "idempotency_key_reused");
        }
        else
        {
            var problem = await again.ProblemAsync(409, "idempotency_key_taken");
            problem.GetProperty("state").GetString().ShouldBe("canceled");
            problem.GetProperty("id").GetGuid().ShouldBe(id);
        }

        _api.Queue.Mails.Count(mail => mail.Id == id).ShouldBe(1);
    }

    [Test]
    public async Task After_an_unknown_outcome_the_same_key_names_the_same_mail()
    {
        var key = Guid.NewGuid().ToString();
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "lost");
        var unknown = (await (await PostAsync(key)).ProblemAsync(503, "outcome_unknown")).GetProperty("id").GetGuid();
        _api.Queue.Before = _ => Task.CompletedTask;

        (await IdOf(await PostAsync(key))).ShouldBe(unknown);
    }

    [TestCase("tab\there")]
    [TestCase("ümlaut")]
    public async Task A_key_of_other_characters_is_refused(string key) =>
        await (await PostAsync(key)).ProblemAsync(400, "invalid_idempotency_key");

    [Test]
    public async Task A_key_past_256_characters_is_refused()
    {
        (await PostAsync(new string('k', 256))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await (await PostAsync(new string('k', 257))).ProblemAsync(400, "invalid_idempotency_key");
    }
}
