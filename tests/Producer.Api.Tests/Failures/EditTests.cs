using System.Net;
using System.Text;
using Contracts;
using MassTransit;
using Persistence.Mails;
using Producer.Api.Failures;

namespace Producer.Api.Tests.Failures;

public class EditTests
{
    private const string Mail = """
        {"from":"shop@example.com","to":["ann@exmaple.com","bob@example.com"],"subject":"Your parcel","text":"It is on its way.","attachments":[{"filename":"a.txt","content_type":"text/plain","content":"aGVsbG8="}],"tags":["parcel"]}
        """;

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
    public async Task What_is_left_out_stays_those_who_have_it_are_left_out_and_both_mails_are_linked()
    {
        var (mailId, failureId) = await FailAsync(accepted: "bob@example.com");
        var answer = await EditAsync(failureId, """{"mail":{"to":["ann@example.com","Bob@EXAMPLE.com","bob@example.com"],"tags":null},"reason":"a typing error"}""");
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        var report = await answer.JsonAsync();
        var newId = report.GetProperty("mail_id").GetGuid();
        report.GetProperty("left_out").EnumerateArray().Select(one => one.GetString()).ShouldBe(["bob@example.com"]);
        report.GetProperty("produced").GetBoolean().ShouldBeTrue();

        var record = _api.Queue.Records[^1];
        record.Header(HeaderNames.MessageId).ShouldBe([newId.ToString()]);
        record.Header(HeaderNames.Epoch).ShouldBe(["0"]);
        Encoding.UTF8.GetString(record.Key!).ShouldBe(newId.ToString());
        var sent = SendEmailJson.Deserialize(record.Value);
        sent.To.ShouldBe(["ann@example.com", "Bob@EXAMPLE.com"]);
        (sent.Subject, sent.Text, sent.Tags.Count).ShouldBe(("Your parcel", "It is on its way.", 0));
        sent.Attachments.ShouldHaveSingleItem().Filename.ShouldBe("a.txt");

        var failure = await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync();
        (failure.GetProperty("status").GetString(), failure.GetProperty("replayed_as").GetGuid()).ShouldBe(("replayed", newId));
        var action = failure.GetProperty("actions")[0];
        (action.GetProperty("action").GetString(), action.GetProperty("reason").GetString()).ShouldBe(("edit", "a typing error"));
        var changes = action.GetProperty("after").GetProperty("changes");
        changes.EnumerateObject().Select(change => change.Name).ShouldBe(["to", "tags"], ignoreOrder: true);
        changes.GetProperty("to").GetProperty("from")[0].GetString().ShouldBe("ann@exmaple.com");

        var old = await (await _api.GetAsync($"/emails/{mailId}")).JsonAsync();
        (old.GetProperty("state").GetString(), old.GetProperty("last_error").GetString()).ShouldBe(("discarded", $"Edited, and sent as mail {newId}."));
        var found = await (await _api.GetAsync($"/emails/{newId}")).JsonAsync();
        found.GetProperty("state").GetString().ShouldBe("queued");
        (await (await _api.GetAsync($"/failures?mail_id={newId}")).JsonAsync()).GetProperty("items")[0].GetProperty("mail_id").GetGuid().ShouldBe(mailId);
    }

    [Test]
    public async Task The_second_of_two_editors_is_refused_and_one_mail_is_sent()
    {
        var (_, failureId) = await FailAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => EditAsync(failureId, $$$"""{"mail":{"subject":"{{{number}}}"}}""")));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted).ShouldBe(1);
        foreach (var answer in answers.Where(answer => answer.StatusCode != HttpStatusCode.Accepted))
            await answer.ProblemAsync(409, "failure_not_open");
        _api.Queue.Records.Count.ShouldBe(1);
        await (await _api.PostAsync($"/failures/{failureId}/replay", "")).ProblemAsync(409, "failure_not_open");
        await (await _api.PostAsync($"/failures/{failureId}/discard", """{"reason":"no"}""")).ProblemAsync(409, "failure_not_open");
    }

    [Test]
    public async Task A_process_that_dies_before_it_is_produced_leaves_it_to_the_sweep_as_it_was_edited()
    {
        var (_, failureId) = await FailAsync();
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "broker away");
        (await (await EditAsync(failureId, """{"mail":{"subject":"Edited","ordering_key":"k"}}""")).JsonAsync()).GetProperty("produced").GetBoolean().ShouldBeFalse();
        _api.Queue.Before = _ => Task.CompletedTask;
        await _api.Get<ReplaySweep>().SweepAsync(TimeSpan.Zero, CancellationToken.None);
        var record = _api.Queue.Records.Single(one => Encoding.UTF8.GetString(one.Value!).Contains("Edited", StringComparison.Ordinal));
        Encoding.UTF8.GetString(record.Key!).ShouldBe("k");
    }

    [Test]
    public async Task A_record_that_is_no_mail_is_edited_into_one()
    {
        var failureId = await _store.ProjectAsync(mailId: null, "not JSON"u8.ToArray());
        await (await EditAsync(failureId, """{"mail":{"subject":"s"}}""")).ProblemAsync(422, "validation_failed");
        (await EditAsync(failureId, """{"mail":{"from":"a@example.com","to":["b@example.com"],"subject":"s","text":"t"}}""")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task Text_that_the_audit_cannot_hold_is_sent_as_it_is_and_audited_as_far_as_it_can_be()
    {
        var failureId = await _store.ProjectAsync(
            mailId: null, """{"from":"a@example.com","to":["b@example.com"],"subject":"s","text":"t","n\u0000ame":1e-999999}"""u8.ToArray());
        var answer = await EditAsync(failureId, """{"mail":{"text":"a\u0000b","n\u0000ame":null}}""");
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        SendEmailJson.Deserialize(_api.Queue.Records[^1].Value).Text.ShouldBe("a\0b");

        var changes = (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("actions")[0].GetProperty("after").GetProperty("changes");
        changes.GetProperty("text").GetProperty("to").GetString().ShouldBe("a\ufffdb");
        changes.GetProperty("n\ufffdame").GetProperty("from").GetString().ShouldBe("1e-999999");
    }

    // JSON by the letter, which others would read otherwise, or not at all.
    private static readonly byte[][] Poison =
    [
        """{"from":"a@x.org","to":"b@x.org","subject":"\ud83d","text":"t"}"""u8.ToArray(),
        """{"from":"a@x.org","to":"b@x.org","subject":"s","text":"t","\udc00":1}"""u8.ToArray(),
        """{"from":"a@x.org","from":"c@x.org","to":"b@x.org","subject":"s","text":"t"}"""u8.ToArray(),
        [.. """{"from":"a@x.org","to":"b@x.org","subject":"s","text":"t"""u8, 0xFF, .. "\"}"u8],
        Encoding.UTF8.GetBytes($$"""{"from":"a@x.org","to":"b@x.org","subject":"s","text":{{new string('[', 62)}}{{new string(']', 62)}}}"""),
    ];

    [TestCaseSource(nameof(Poison))]
    public async Task A_record_that_is_JSON_by_the_letter_alone_is_shown_listed_and_edited_as_one_that_could_not_be_read(byte[] value)
    {
        var failureId = await _store.ProjectAsync(mailId: null, value);

        var shown = (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("value");
        shown.TryGetProperty("json", out _).ShouldBeFalse();
        (shown.TryGetProperty("text", out _) || shown.TryGetProperty("base64", out _)).ShouldBeTrue();
        (await _api.GetAsync("/failures")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _api.GetAsync("/failures", ("Accept", "application/x-ndjson"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _api.GetAsync("/failures", ("Accept", "text/csv"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await EditAsync(failureId, """{"mail":{"html":"<p>h</p>"}}""")).ProblemAsync(422, "validation_failed");
        (await EditAsync(failureId, """{"mail":{"from":"a@example.com","to":["b@example.com"],"subject":"s","text":"t"}}""")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [TestCase("""{"mail":{"subject":"\ud83d"}}""", 400, "invalid_request")]
    [TestCase("""{"mail":{"subject":"a","subject":"b"}}""", 400, "invalid_request")]
    [TestCase("""{"mail":{"to":["nobody"]}}""", 422, "validation_failed")]
    [TestCase("""{"mail":{"subject":null}}""", 422, "validation_failed")]
    [TestCase("""{"mail":{"nonsense":1}}""", 422, "validation_failed")]
    [TestCase("""{"mail":{"stream":"bulk"}}""", 400, "invalid_request")]
    [TestCase("""{"mail":[]}""", 400, "invalid_request")]
    [TestCase("""{"mail":null}""", 400, "invalid_request")]
    [TestCase("""{"reason":"x"}""", 400, "invalid_request")]
    [TestCase("""{"mail":{},"version":1}""", 400, "invalid_request")]
    [TestCase("""{"mail":{"to":["bob@example.com"]}}""", 400, "invalid_request")]
    [TestCase("", 400, "invalid_request")]
    public async Task What_cannot_be_sent_is_refused_and_nothing_is_changed(string body, int status, string code)
    {
        var (_, failureId) = await FailAsync(accepted: "bob@example.com");
        await (await EditAsync(failureId, body)).ProblemAsync(status, code);
        (await (await _api.GetAsync($"/failures/{failureId}")).JsonAsync()).GetProperty("status").GetString().ShouldBe("unresolved");
        _api.Queue.Records.ShouldBeEmpty();
    }

    private Task<HttpResponseMessage> EditAsync(Guid failureId, string body) => _api.PostAsync($"/failures/{failureId}/edit", body);

    private async Task<(Guid MailId, Guid FailureId)> FailAsync(string? accepted = null)
    {
        var value = Encoding.UTF8.GetBytes(Mail);
        var mailId = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(mailId, value, [new Recipient("ann@exmaple.com", RecipientKind.To), new Recipient("bob@example.com", RecipientKind.To)]);
        await _store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550 no such user"),
            [new RecipientReply("ann@exmaple.com", RecipientOutcome.Rejected, 550, "5.1.1", "no"), .. accepted is null ? [] : new[] { new RecipientReply(accepted, RecipientOutcome.Accepted, 250, null, "OK") }]);
        await _store.Mails.MarkPublishedAsync(record.Identity);
        return (mailId, await _store.ProjectAsync(mailId, value));
    }
}
