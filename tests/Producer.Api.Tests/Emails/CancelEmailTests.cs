using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Persistence.Mails;
using Producer.Api.Ids;

namespace Producer.Api.Tests.Emails;

public class CancelEmailTests
{
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

    [Test]
    public async Task A_mail_that_no_worker_has_seen_is_canceled_and_stays_so()
    {
        var id = _api.Services.GetRequiredService<MailId>().New();

        var response = await _api.PostAsync($"/emails/{id}/cancel", "");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var mail = await response.JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("canceled");
        mail.GetProperty("accepted_at").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        (await _api.PostAsync($"/emails/{id}/cancel", "")).StatusCode.ShouldBe(HttpStatusCode.OK, "twice is once");
        (await (await _api.GetAsync($"/emails/{id}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
    }

    [Test]
    public async Task A_mail_that_waits_for_its_next_attempt_is_canceled()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        await _store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow.AddMinutes(1), "451"), []);

        (await (await _api.PostAsync($"/emails/{id}/cancel", "")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
    }

    [Test]
    public async Task A_mail_that_is_being_sent_or_was_sent_is_not_canceled_and_the_answer_says_what_it_is()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        (await (await _api.PostAsync($"/emails/{id}/cancel", "")).ProblemAsync(409, "mail_not_waiting")).GetProperty("state").GetString().ShouldBe("sending");

        await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        (await (await _api.PostAsync($"/emails/{id}/cancel", "")).ProblemAsync(409, "mail_not_waiting")).GetProperty("state").GetString().ShouldBe("sent");
    }

    [TestCase("0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("no-uuid")]
    public async Task An_id_that_was_never_given_out_is_not_found_and_gets_no_row(string id)
    {
        await (await _api.PostAsync($"/emails/{id}/cancel", "")).ProblemAsync(404, "mail_not_found");
        await (await _api.GetAsync($"/emails/{id}")).ProblemAsync(404, "mail_not_found");
    }

    [Test]
    public async Task Without_Postgres_nothing_is_canceled()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        await (await api.PostAsync($"/emails/{api.Services.GetRequiredService<MailId>().New()}/cancel", "")).ProblemAsync(503, "database_unavailable");
    }

    [Test]
    public async Task A_scheduled_time_is_taken_and_one_too_far_ahead_is_not()
    {
        const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t","scheduled_at":"TIME"}""";
        string At(DateTimeOffset time) => Mail.Replace("TIME", $"{time:O}", StringComparison.Ordinal);
        var due = DateTimeOffset.UtcNow.AddDays(29);

        var id = (await (await _api.PostAsync("/emails", At(due))).JsonAsync()).GetProperty("id").GetGuid();
        _api.Queue.Mails.Single(mail => mail.Id == id).Mail.ScheduledAt.ShouldBe(due);
        (await _api.PostAsync("/emails", At(DateTimeOffset.UtcNow.AddDays(-1)))).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        var problem = await (await _api.PostAsync("/emails", At(DateTimeOffset.UtcNow.AddDays(31)))).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors")[0].GetProperty("code").GetString().ShouldBe("too_far_ahead");
    }
}
