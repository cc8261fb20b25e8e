using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Persistence.Mails;
using Persistence.Retention;
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
    public async Task A_mail_that_no_worker_has_seen_says_when_it_was_canceled_and_what_it_was_once_its_record_is_read()
    {
        const string Body = """{"from":"a@example.com","to":"canceled@example.com","cc":"c@example.com","subject":"s","text":"t","scheduled_at":"in 2 hours"}""";
        var id = (await (await _api.PostAsync("/emails", Body)).JsonAsync()).GetProperty("id").GetGuid();

        var canceled = await (await _api.PostAsync($"/emails/{id}/cancel", "")).JsonAsync();
        var (due, ended) = (canceled.GetProperty("scheduled_at").GetDateTimeOffset(), canceled.GetProperty("ended_at").GetDateTimeOffset());
        due.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddHours(1));
        var told = await CanceledEventAsync(id);
        told.GetProperty("created_at").GetDateTimeOffset().ShouldBe(ended);

        await _store.MeetAsync(Store.RecordOf(id) with { Recipients = [new Recipient("canceled@example.com", RecipientKind.To), new Recipient("c@example.com", RecipientKind.Cc)] });
        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("to")[0].GetString().ShouldBe("canceled@example.com");
        mail.GetProperty("cc")[0].GetString().ShouldBe("c@example.com");
        mail.GetProperty("recipients").EnumerateArray().ShouldAllBe(recipient => recipient.GetProperty("outcome").GetString() == "pending");
        (mail.GetProperty("scheduled_at").GetDateTimeOffset(), mail.GetProperty("ended_at").GetDateTimeOffset()).ShouldBe((due, ended));
        (await CanceledEventAsync(id)).ToString().ShouldBe(told.ToString());
        (await (await _api.GetAsync("/emails?recipient=canceled@example.com")).JsonAsync()).GetProperty("data").GetArrayLength().ShouldBe(1);
    }

    [Test]
    public async Task A_mail_that_is_older_than_what_retention_has_removed_is_not_canceled_unless_it_has_a_row()
    {
        await using var api = await ApiHost.StartOnAsync(await (await PostgresFixture.StartAsync()).CreateDatabaseAsync(), ("Api:IdSecret", "0123456789abcdef-of-the-ids"));
        var old = new MailId("0123456789abcdef-of-the-ids"u8, new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-40)));
        var (never, removed, waits, derived) = (old.New(), old.New(), old.New(), old.Derive("c", "k"));
        (await api.PostAsync($"/emails/{never}/cancel", "")).StatusCode.ShouldBe(HttpStatusCode.OK, "nothing was removed: as after a restore, people cancel what the database does not know");
        var store = new Store(api.Services);
        await store.SendAsync(removed);
        await store.ScheduleAsync(waits, DateTimeOffset.UtcNow.AddDays(1));
        await using (var age = api.Get<NpgsqlDataSource>().CreateCommand($"UPDATE email.mails SET created_at = now() - interval '40 days', ended_at = now() - interval '40 days', record_timestamp = now() - interval '40 days' WHERE id = '{removed}'"))
            await age.ExecuteNonQueryAsync();
        (await api.Get<RetentionStore>().RemoveAsync(OldRows.Mails, DateTimeOffset.UtcNow.AddDays(-30), 10))!.Rows.ShouldBe(1);

        var problem = await (await api.PostAsync($"/emails/{removed}/cancel", "")).ProblemAsync(409, "mail_not_waiting");
        problem.GetProperty("state").GetString().ShouldBe("unknown");
        problem.GetProperty("detail").GetString()!.ShouldContain("removed");
        (await store.Mails.FindAsync(removed)).ShouldBeNull();
        foreach (var other in new[] { waits, derived, api.Get<MailId>().New() })
            (await api.PostAsync($"/emails/{other}/cancel", "")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await store.Mails.FindAsync(never)).ShouldNotBeNull("its record may still come");
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

    private async Task<JsonElement> CanceledEventAsync(Guid id) =>
        (await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync()).GetProperty("data").EnumerateArray().Single(happened => happened.GetProperty("type").GetString() == "canceled");
}
