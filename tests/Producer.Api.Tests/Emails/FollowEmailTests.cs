using System.Diagnostics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Contracts;
using Persistence.Mails;
using Producer.Api.Ids;

namespace Producer.Api.Tests.Emails;

/// <summary>Rescheduling a mail, waiting for it, and its events.</summary>
public class FollowEmailTests
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

    private Task<HttpResponseMessage> PatchAsync(object id, string json) =>
        _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Patch, $"/emails/{id}") { Content = new StringContent(json, Encoding.UTF8, "application/json") });

    [TestCase(-1)]
    [TestCase(1)]
    public async Task A_scheduled_mail_gets_another_time_and_its_record_of_before_is_stale(int hours)
    {
        var id = Guid.NewGuid();
        var (before, after) = (DateTimeOffset.UtcNow.AddHours(2), DateTimeOffset.UtcNow.AddHours(2 + hours));
        await _store.ScheduleAsync(id, before);

        var response = await PatchAsync(id, $$"""{"scheduled_at":"{{after:O}}"}""");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var mail = await response.JsonAsync();
        mail.GetProperty("id").GetGuid().ShouldBe(id);
        mail.GetProperty("epoch").GetInt32().ShouldBe(1);
        mail.GetProperty("last_event").GetString().ShouldBe("scheduled");
        mail.GetProperty("scheduled_at").GetDateTimeOffset().ShouldBe(after, TimeSpan.FromMilliseconds(1));
        (await PatchAsync(id, $$"""{"scheduled_at":"{{mail.GetProperty("scheduled_at").GetString()}}"}""")).StatusCode.ShouldBe(HttpStatusCode.OK, "twice is once");
    }

    [Test]
    public async Task A_mail_that_is_rescheduled_for_a_time_that_is_past_is_due_at_once_and_its_record_says_when()
    {
        var id = Guid.NewGuid();
        await _store.ScheduleAsync(id, DateTimeOffset.UtcNow.AddHours(2));
        (await PatchAsync(id, """{"scheduled_at":"2020-01-01T00:00:00Z"}""")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var due = (await _api.Get<ScheduleStore>().TakeDueAsync(100, TimeSpan.FromMinutes(1))).Single(mail => mail.MailId == id);
        due.Epoch.ShouldBe(1);
        due.Record.Headers.Last(HeaderNames.Epoch).AsNumber().ShouldBe(1);
        due.Record.Headers.Last(HeaderNames.ScheduledAt).AsTime().ShouldBe(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));

        await _api.Get<ScheduleStore>().MarkPublishedAsync([due]);
        (await (await PatchAsync(id, """{"scheduled_at":"in 1 hour"}""")).ProblemAsync(409, "mail_not_waiting")).GetProperty("state").GetString().ShouldBe("queued");
    }

    [TestCase("{}", "scheduled_at: required")]
    [TestCase("""{"scheduled_at":null}""", "scheduled_at: required")]
    [TestCase("""{"scheduled_at":1}""", "scheduled_at: wrong_type")]
    [TestCase("""{"scheduled_at":"soon"}""", "scheduled_at: invalid_time")]
    [TestCase("""{"scheduled_at":"in 31 days"}""", "scheduled_at: too_far_ahead")]
    [TestCase("""{"scheduled_at":"in 1 hour","subject":"s"}""", "subject: not_supported")]
    public async Task A_change_that_is_not_valid_is_refused(string json, string errors)
    {
        var problem = await (await PatchAsync(Guid.NewGuid(), json)).ProblemAsync(422, "validation_failed");
        string.Join(", ", problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("field")}: {error.GetProperty("code")}")).ShouldBe(errors);
    }

    [Test]
    public async Task A_mail_that_is_not_there_or_not_scheduled_is_not_rescheduled()
    {
        await (await PatchAsync("no-uuid", """{"scheduled_at":"in 1 hour"}""")).ProblemAsync(404, "mail_not_found");
        await (await PatchAsync(Guid.NewGuid(), """{"scheduled_at":"in 1 hour"}""")).ProblemAsync(404, "mail_not_found");
        await (await PatchAsync(_api.Get<MailId>().New(), """{"scheduled_at":"in 1 hour"}""")).ProblemAsync(409, "mail_not_waiting");
        var sent = Guid.NewGuid();
        await _store.SendAsync(sent);
        await (await PatchAsync(sent, """{"scheduled_at":"in 1 hour"}""")).ProblemAsync(409, "mail_not_waiting");
        await (await PatchAsync(sent, "{")).ProblemAsync(400, "invalid_json");
    }

    [Test]
    public async Task Waiting_ends_when_the_mail_has_ended_or_the_time_is_over()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        (await (await _api.GetAsync($"/emails/{id}?wait=100ms")).JsonAsync()).GetProperty("state").GetString().ShouldBe("sending");

        var started = Stopwatch.GetTimestamp();
        var waits = _api.GetAsync($"/emails/{id}?wait=30s");
        await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        (await (await waits).JsonAsync()).GetProperty("state").GetString().ShouldBe("sent");
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30), "else its time was over");
    }

    [TestCase("10")]
    [TestCase("31s")]
    [TestCase("-1s")]
    [TestCase("1m")]
    public async Task A_wait_that_is_not_valid_is_refused(string wait) => await (await _api.GetAsync($"/emails/{Guid.NewGuid()}?wait={wait}")).ProblemAsync(400, "invalid_request");

    [Test]
    public async Task The_events_of_a_mail_are_listed_oldest_first()
    {
        var id = Guid.NewGuid();
        await _store.SendAsync(id);

        var events = await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync();
        events.GetProperty("object").GetString().ShouldBe("list");
        events.GetProperty("has_more").GetBoolean().ShouldBeFalse();
        var types = events.GetProperty("data").EnumerateArray().Select(happened => happened.GetProperty("type").GetString()).ToList();
        types.ShouldBe(["accepted", "recorded", "attempted", "recipient_accepted", "sent"], ignoreOrder: true);
        await (await _api.GetAsync($"/emails/{Guid.NewGuid()}/events")).ProblemAsync(404, "mail_not_found");
        var unseen = await (await _api.GetAsync($"/emails/{_api.Get<MailId>().New()}/events")).JsonAsync();
        unseen.GetProperty("data")[0].GetProperty("type").GetString().ShouldBe("accepted");
    }

    [Test]
    public async Task The_events_are_streamed_until_the_mail_has_ended_and_go_on_behind_the_last_that_was_seen()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        var request = new HttpRequestMessage(HttpMethod.Get, $"/emails/{id}/events") { Headers = { { "Accept", "text/event-stream" } } };
        using var response = await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("text/event-stream");

        var types = new List<string>();
        var last = "";
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            JsonDocument.Parse(item.Data).RootElement.GetProperty("type").GetString().ShouldBe(item.EventType);
            types.Add(item.EventType);
            if (item.EventType == "attempted")
            {
                last = item.EventId.ShouldNotBeNull();
                await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
            }
        }

        types.Take(3).ShouldBe(["accepted", "recorded", "attempted"], ignoreOrder: true);
        types.Skip(3).ShouldBe(["recipient_accepted", "sent"], ignoreOrder: true);

        var again = await _api.GetAsync($"/emails/{id}/events", ("Accept", "text/event-stream"), ("Last-Event-ID", last));
        (await again.Content.ReadAsStringAsync()).Split('\n').Count(line => line.StartsWith("event:", StringComparison.Ordinal)).ShouldBeLessThan(5);
    }
}
