using System.Diagnostics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.Extensions.Hosting;
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
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
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

    [Test]
    public async Task A_dead_mail_is_followed_until_its_failure_is_there()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        await _store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550 no such user"), []);
        var gap = await (await _api.GetAsync($"/emails/{id}?wait=100ms")).JsonAsync();
        (gap.GetProperty("state").GetString(), gap.GetProperty("failures").GetArrayLength()).ShouldBe(("dead", 0));

        var waits = _api.GetAsync($"/emails/{id}?wait=30s");
        var types = new List<string>();
        await foreach (var item in StreamAsync(_api, id))
        {
            types.Add(item.EventType);
            if (item.EventType == "dead")
                await _store.ProjectAsync(id);
        }

        types.Order().ShouldBe(["accepted", "attempted", "dead", "failed", "recorded"]);
        (await (await waits).JsonAsync()).GetProperty("failures").GetArrayLength().ShouldBe(1);
    }

    [Test]
    public async Task A_mail_that_gets_another_time_tells_it_to_whoever_follows_it()
    {
        var id = Guid.NewGuid();
        await _store.ScheduleAsync(id, new DateTimeOffset(2090, 1, 1, 8, 0, 0, TimeSpan.Zero));

        var times = new List<string?>();
        await foreach (var item in StreamAsync(_api, id))
        {
            if (item.EventType != "scheduled")
                continue;
            times.Add(JsonDocument.Parse(item.Data).RootElement.GetProperty("detail").GetString());
            if (times.Count == 1)
                await _api.Get<ScheduleStore>().RescheduleAsync(id, new DateTimeOffset(2090, 1, 1, 9, 0, 0, TimeSpan.Zero));
            else
                await _api.Get<ScheduleStore>().CancelAsync(id, "ann", accepted: false);
        }

        times.ShouldBe(["for 2090-01-01T08:00:00.0000000+00:00", "for 2090-01-01T09:00:00.0000000+00:00"]);
    }

    [Test]
    public async Task A_replayed_mail_was_not_attempted_until_it_is_claimed_again()
    {
        var (id, failure) = await _store.FailAsync();
        (await EventsAsync(id)).ShouldContain(happened => happened.GetProperty("type").GetString() == "attempted");

        await _store.Failures.RequestReplayAsync(failure, "ann", null);
        (await EventsAsync(id)).ShouldNotContain(happened => happened.GetProperty("type").GetString() == "attempted");
    }

    [Test]
    public async Task An_event_has_the_same_id_whatever_comes_after_it()
    {
        var id = _api.Get<MailId>().New();
        var accepted = (await EventsAsync(id)).ShouldHaveSingleItem().GetProperty("id").GetString();
        var (record, claim) = await _store.ClaimAsync(id, recipients: [new Recipient("b@example.com", RecipientKind.To), new Recipient("c@example.com", RecipientKind.To)]);
        RecipientReply[] deferred = [new("b@example.com", RecipientOutcome.Deferred, 451), new("c@example.com", RecipientOutcome.Deferred, 452)];
        await _store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow, "451"), deferred);
        var before = await EventsAsync(id);
        before.Single(happened => happened.GetProperty("type").GetString() == "accepted").GetProperty("id").GetString().ShouldBe(accepted, "the record's time is another than the id's");
        var still = before.Single(happened => DetailOf(happened) == "c@example.com 452").GetProperty("id").GetString();

        var (again, second) = await _store.ClaimAsync(record with { Identity = record.Identity with { Attempt = 2 } });
        await _store.Mails.WriteOutboxEntryAsync(again, second.FencingToken, new OutboxEntry.Redelivery(3, DateTimeOffset.UtcNow, "451"), [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        (await EventsAsync(id)).Single(happened => DetailOf(happened) == "c@example.com 452").GetProperty("id").GetString().ShouldBe(still);
    }

    [Test]
    public async Task Nobody_who_follows_a_mail_holds_up_a_stop()
    {
        await using var api = await ApiHost.StartAsync();
        var id = Guid.NewGuid();
        await new Store(api.Services).ClaimAsync(id);
        var waits = api.GetAsync($"/emails/{id}?wait=30s");
        var follows = FollowAsync();

        (await (await Eventually.Ends(waits, TimeSpan.FromSeconds(20), "the wait ends before its time")).JsonAsync()).GetProperty("state").GetString().ShouldBe("sending");
        (await Eventually.Ends(follows, within: null, "the stream ends")).ShouldBe(3);

        async Task<int> FollowAsync()
        {
            var told = 0;
            await foreach (var _ in StreamAsync(api, id))
            {
                if (++told == 3)
                    api.Get<IHostApplicationLifetime>().StopApplication();
            }

            return told;
        }
    }

    private static string? DetailOf(JsonElement happened) => happened.TryGetProperty("detail", out var detail) ? detail.GetString() : null;

    private async Task<List<JsonElement>> EventsAsync(Guid id) =>
        [.. (await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync()).GetProperty("data").EnumerateArray()];

    private static async IAsyncEnumerable<SseItem<string>> StreamAsync(ApiHost api, Guid id)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/emails/{id}/events") { Headers = { { "Accept", "text/event-stream" } } };
        using var response = await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            yield return item;
    }
}
