using System.Net;
using System.Text;
using Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Producer.Api.Failures;

namespace Producer.Api.Tests.Failures;

public class FailureTests
{
    private ApiHost _api = null!;
    private Store _store = null!;

    [SetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        _store = new Store(_api.Services);
    }

    [TearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_failure_shows_its_record_its_fault_and_where_it_lay()
    {
        var (mailId, failureId) = await _store.FailAsync("""{"from":"x@example.com"}"""u8.ToArray());

        var failure = await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync();
        failure.GetProperty("status").GetString().ShouldBe("unresolved");
        failure.GetProperty("mail_id").GetGuid().ShouldBe(mailId);
        failure.GetProperty("value").GetProperty("json").GetProperty("from").GetString().ShouldBe("x@example.com");
        failure.GetProperty("key").GetProperty("text").GetString().ShouldBe("key");
        failure.GetProperty("stack").GetString().ShouldBe("at Send()");
        failure.GetProperty("original").GetProperty("offset").GetInt64().ShouldBe(7);
        failure.GetProperty("headers").EnumerateArray().Count(header => header.GetProperty("name").GetString() == "X-Own").ShouldBe(2);
    }

    [Test]
    public async Task Bytes_that_are_no_text_are_shown_exactly()
    {
        var failureId = await _store.ProjectAsync(mailId: null, [0xFF, 0x00, 0x01]);

        var value = (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("value");
        value.GetProperty("base64").GetString().ShouldBe(Convert.ToBase64String([0xFF, 0x00, 0x01]));
        value.TryGetProperty("text", out _).ShouldBeFalse();
    }

    [Test]
    public async Task A_record_of_null_has_no_JSON_to_show()
    {
        var failureId = await _store.ProjectAsync(mailId: null, "null"u8.ToArray());

        (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("value").GetRawText().ShouldBe("""{"size":4,"text":"null"}""");
    }

    [Test]
    public async Task Other_content_under_a_mail_s_id_is_told_with_the_mail_and_found_by_its_id()
    {
        var id = Guid.CreateVersion7();
        await _store.ClaimAsync(id);
        var conflict = await _store.ProjectAsync(id, "another mail"u8.ToArray());

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("sending");
        mail.GetProperty("failures").GetArrayLength().ShouldBe(0);
        var told = mail.GetProperty("conflicts").EnumerateArray().Single();
        told.GetProperty("id").GetGuid().ShouldBe(conflict);
        told.GetProperty("conflicts_with").GetGuid().ShouldBe(id);
        (await (await _api.GetAsync($"/failures?mail_id={id}")).JsonAsync()).GetProperty("items").EnumerateArray().Single().GetProperty("id").GetGuid().ShouldBe(conflict);
        (await (await _api.GetAsync($"/failures/{conflict}")).JsonAsync()).GetProperty("conflicts_with").GetGuid().ShouldBe(id);
        var events = await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync();
        events.GetProperty("data").EnumerateArray().Select(happened => happened.GetProperty("type").GetString()).ShouldNotContain("failed");
    }

    [Test]
    public async Task Failures_are_listed_by_filter_and_page()
    {
        var (mailId, failureId) = await _store.FailAsync();
        await _store.FailAsync();

        var ofMail = await (await _api.GetAsync($"/failures?mail_id={mailId}&status=unresolved&recipient=B@example.com")).JsonAsync();
        ofMail.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid()).ShouldBe([failureId]);

        var first = await (await _api.GetAsync("/failures?limit=1")).JsonAsync();
        var cursor = first.GetProperty("next_cursor").GetString();
        var second = await (await _api.GetAsync($"/failures?limit=1&cursor={cursor}")).JsonAsync();
        second.GetProperty("items")[0].GetProperty("id").GetGuid().ShouldNotBe(first.GetProperty("items")[0].GetProperty("id").GetGuid());
    }

    [TestCase("stauts=unresolved", "stauts")]
    [TestCase("status=open", "unresolved, replayed")]
    [TestCase("limit=0", "1 to 200")]
    [TestCase("since=yesterday", "since")]
    [TestCase("mail_id=7", "UUID")]
    [TestCase("cursor=abc", "cursor")]
    [TestCase("limit=1&limit=2", "2 times")]
    public async Task A_filter_that_cannot_be_understood_is_refused(string query, string words) =>
        (await (await _api.GetAsync($"/failures?{query}")).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(words);

    [Test]
    public async Task A_replay_writes_the_original_record_with_the_next_epoch_and_without_the_traces_of_its_failure()
    {
        var value = """{"from":"a@example.com", "odd" : "spacing"}"""u8.ToArray();
        var (mailId, failureId) = await _store.FailAsync(value);

        var response = await _api.PostAsync($"/failures/{failureId}/replay", """{"reason":"address fixed"}""", ("X-Actor", "ann"));

        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var report = await response.JsonAsync();
        report.GetProperty("produced").GetBoolean().ShouldBeTrue();
        report.GetProperty("epoch").GetInt32().ShouldBe(1);
        var record = _api.Queue.Records.ShouldHaveSingleItem();
        record.Topic.ShouldBe(Topics.EmailSend);
        record.Value.ShouldBe(value);
        record.Key.ShouldBe(Encoding.UTF8.GetBytes("key"));
        record.Headers.Select(header => header.Name).ShouldBe(["X-Own", "X-Own", HeaderNames.MessageId, HeaderNames.Epoch]);
        record.Header(HeaderNames.MessageId).ShouldBe([mailId.ToString()]);
        record.Header(HeaderNames.Epoch).ShouldBe(["1"]);

        var failure = await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync();
        failure.GetProperty("status").GetString().ShouldBe("replayed");
        var action = failure.GetProperty("actions").EnumerateArray().Single();
        action.GetProperty("actor").GetString().ShouldBe("ann");
        action.GetProperty("reason").GetString().ShouldBe("address fixed");
        (await (await _api.GetAsync($"/emails/{mailId}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("queued");
    }

    [Test]
    public async Task A_replay_that_failed_again_is_told_at_the_failure_before()
    {
        var (mailId, failureId) = await _store.FailAsync();
        await _api.PostAsync($"/failures/{failureId}/replay", "{}");
        var again = await _store.ProjectAsync(mailId, epoch: 1);

        var failure = await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync();
        (failure.GetProperty("status").GetString(), failure.GetProperty("failed_again_as").GetGuid(), failure.GetProperty("round").GetInt32()).ShouldBe(("failed_again", again, 1));
        (await (await _api.GetAsync($"/failures/{again}")).JsonAsync()).GetProperty("round").GetInt32().ShouldBe(2);
        var listed = (await (await _api.GetAsync($"/failures?status=failed_again&mail_id={mailId}")).JsonAsync()).GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        (listed.GetProperty("id").GetGuid(), listed.GetProperty("failed_again_as").GetGuid()).ShouldBe((failureId, again));
        var refused = await (await _api.PostAsync($"/failures/{failureId}/replay", "{}")).ProblemAsync(409, "failure_not_open");
        refused.GetProperty("reason").GetString().ShouldBe("failed_again");
        (await (await _api.GetAsync($"/emails/{mailId}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("dead");
    }

    [Test]
    public async Task A_replay_needs_no_body_and_a_second_one_is_refused()
    {
        var (_, failureId) = await _store.FailAsync();

        (await _api.Client.PostAsync($"/failures/{failureId}/replay", content: null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await (await _api.PostAsync($"/failures/{failureId}/replay", "{}")).ProblemAsync(409, "failure_not_open");
    }

    [Test]
    public async Task A_replay_that_Kafka_did_not_take_is_finished_by_the_sweep()
    {
        var (_, failureId) = await _store.FailAsync();
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "away");

        var report = await (await _api.PostAsync($"/failures/{failureId}/replay", "{}")).JsonAsync();
        report.GetProperty("produced").GetBoolean().ShouldBeFalse();
        (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("replay_pending").GetBoolean().ShouldBeTrue();
        (await _api.Services.GetRequiredService<ReplaySweep>().SweepAsync(TimeSpan.Zero, default)).ShouldBeFalse();

        _api.Queue.Before = _ => Task.CompletedTask;
        (await _api.Services.GetRequiredService<ReplaySweep>().SweepAsync(TimeSpan.Zero, default)).ShouldBeTrue();

        _api.Queue.Records.ShouldHaveSingleItem();
        (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("status").GetString().ShouldBe("replayed");
    }

    [Test]
    public async Task A_discard_keeps_the_failure_with_who_and_why()
    {
        var (mailId, failureId) = await _store.FailAsync();

        var failure = await (await _api.PostAsync($"/failures/{failureId}/discard", """{"reason":"wrong person"}""", ("X-Actor", "bob"))).JsonAsync();

        failure.GetProperty("status").GetString().ShouldBe("discarded");
        failure.GetProperty("actions")[0].GetProperty("actor").GetString().ShouldBe("bob");
        failure.GetProperty("actions")[0].GetProperty("reason").GetString().ShouldBe("wrong person");
        (await (await _api.GetAsync($"/emails/{mailId}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("discarded");
        _api.Queue.Records.ShouldBeEmpty();
    }

    [TestCase("{}", "Say why")]
    [TestCase("{\"reason\":\" \"}", "Say why")]
    [TestCase("{\"reason\":\"r\",\"other\":1}", "")]
    public async Task A_discard_without_a_readable_reason_is_refused(string body, string words)
    {
        var (_, failureId) = await _store.FailAsync();

        (await (await _api.PostAsync($"/failures/{failureId}/discard", body)).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(words);
    }

    [TestCase("GET", "")]
    [TestCase("POST", "/replay")]
    [TestCase("POST", "/discard")]
    public async Task An_unknown_failure_is_not_found(string method, string suffix)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/failures/{Guid.NewGuid()}{suffix}");
        if (method == "POST")
            request.Content = new StringContent("""{"reason":"r"}""", Encoding.UTF8, "application/json");

        await (await _api.Client.SendAsync(request)).ProblemAsync(404, "failure_not_found");
    }

    [Test]
    public async Task Without_Postgres_failures_answer_503()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        await (await api.GetAsync("/failures")).ProblemAsync(503, "database_unavailable");
        await (await api.PostAsync($"/failures/{Guid.NewGuid()}/replay", "{}")).ProblemAsync(503, "database_unavailable");
    }
}
