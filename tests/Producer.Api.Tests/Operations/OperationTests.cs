using System.Net;
using System.Text.Json;
using Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Persistence.Clusters;
using Producer.Api.Ids;
using Producer.Api.Operations;
using ServiceDefaults.Database;

namespace Producer.Api.Tests.Operations;

public class OperationTests
{
    // Of its own: another instance on the same database would take operations on.
    private string _database = "";
    private ApiHost _api = null!;
    private Store _store = null!;

    [OneTimeSetUp]
    public async Task CreateDatabase() => _database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("operations");

    [SetUp]
    public async Task Start()
    {
        _api = await StartAsync();
        _store = new Store(_api.Services);
    }

    // Beside the fake queue there is no Kafka that could say which cluster it is.
    private Task<ApiHost> StartAsync() => ApiHost.StartOnAsync(_database, [], services => services.AddSingleton(provider => new ClusterGuard(
        provider.GetRequiredService<ClusterStore>(), (_, _) => Task.FromResult<string?>(null), TimeProvider.System, provider.GetRequiredService<ILogger<ClusterGuard>>())));

    [TearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_dry_run_counts_and_shows_and_does_nothing()
    {
        var (type, _) = await FailAsync(7);
        var answer = await PostAsync(new { action = "replay", filter = new { exception = type }, dry_run = true });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var report = await answer.JsonAsync();
        report.GetProperty("matched").GetInt64().ShouldBe(7);
        report.GetProperty("samples").GetArrayLength().ShouldBe(5);
        report.GetProperty("samples")[0].GetProperty("subject").GetString().ShouldBe("Hello");
        (await (await _api.GetAsync($"/failures?exception={type}&status=unresolved&count=true")).JsonAsync()).GetProperty("total").GetInt64().ShouldBe(7);
    }

    [Test]
    public async Task A_replay_of_a_filter_sends_each_failure_once_and_says_what_came_of_it()
    {
        var (type, ids) = await FailAsync(600);
        var begun = await BeginAsync(new { action = "replay", filter = new { exception = type }, reason = "the mailbox is back" });
        begun.GetProperty("matched").GetInt32().ShouldBe(600);
        begun.GetProperty("created_by").GetString().ShouldBe("anonymous");
        await FailAsync(3, type);

        var ended = await EndedAsync(begun);
        (ended.GetProperty("state").GetString(), ended.GetProperty("done").GetInt32(), ended.GetProperty("refused").GetInt32()).ShouldBe(("completed", 600, 0));
        ended.GetProperty("progress").GetProperty("waiting").GetInt32().ShouldBe(600);
        ended.GetProperty("filter").GetProperty("exception").GetString().ShouldBe(type);
        ended.GetProperty("reason").GetString().ShouldBe("the mailbox is back");
        var sent = _api.Queue.Records.SelectMany(record => record.Header(HeaderNames.MessageId)).ToList();
        sent.Count.ShouldBe(600);
        sent.Distinct().Count().ShouldBe(600);
        var failure = await (await _api.GetAsync($"/failures/{ids[0]}")).JsonAsync();
        failure.GetProperty("status").GetString().ShouldBe("replayed");
        failure.GetProperty("actions")[0].GetProperty("operation_id").GetGuid().ShouldBe(begun.GetProperty("id").GetGuid());
        (await (await _api.GetAsync($"/failures?exception={type}&status=unresolved&count=true")).JsonAsync()).GetProperty("total").GetInt64().ShouldBe(3);
    }

    [Test]
    public async Task Failures_are_discarded_by_their_ids_and_restored_by_a_filter()
    {
        var (type, ids) = await FailAsync(4);
        var discarded = await EndedAsync(await BeginAsync(new { action = "discard", ids = ids.Append(Guid.NewGuid()), reason = "spam" }));
        (discarded.GetProperty("done").GetInt32(), discarded.GetProperty("progress").GetProperty("refusals").GetProperty("not_found").GetInt32()).ShouldBe((4, 1));
        var restored = await EndedAsync(await BeginAsync(new { action = "restore", filter = new { exception = type } }));
        restored.GetProperty("done").GetInt32().ShouldBe(4);
        var failure = await (await _api.GetAsync($"/failures/{ids[0]}")).JsonAsync();
        failure.GetProperty("status").GetString().ShouldBe("unresolved");
        failure.GetProperty("actions").EnumerateArray().Select(action => action.GetProperty("action").GetString()).ShouldBe(["discard", "restore"]);
    }

    [Test]
    public async Task Mails_that_wait_are_canceled_by_a_filter_and_others_are_not()
    {
        var sender = $"{Guid.NewGuid():N}@cancel.example";
        var (scheduled, sent) = (Guid.NewGuid(), Guid.NewGuid());
        await _store.ScheduleAsync(scheduled, DateTimeOffset.UtcNow.AddHours(1), sender);
        await _store.SendAsync(sent, record => record with { Sender = sender });

        var tried = await (await PostAsync(new { action = "cancel", filter = new { sender }, reason = "the wrong price", dry_run = true })).JsonAsync();
        tried.GetProperty("matched").GetInt64().ShouldBe(1);
        tried.GetProperty("mails")[0].GetProperty("id").GetGuid().ShouldBe(scheduled);
        tried.GetProperty("samples").GetArrayLength().ShouldBe(0);
        (await (await _api.GetAsync($"/emails/{scheduled}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("scheduled");

        var ended = await EndedAsync(await BeginAsync(new { action = "cancel", filter = new { sender, state = "scheduled" }, reason = "the wrong price" }));
        (ended.GetProperty("action").GetString(), ended.GetProperty("done").GetInt32(), ended.GetProperty("refused").GetInt32()).ShouldBe(("cancel", 1, 0));
        ended.GetProperty("filter").GetProperty("state").GetString().ShouldBe("scheduled");
        (await (await _api.GetAsync($"/emails/{scheduled}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
        (await (await _api.GetAsync($"/emails/{sent}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("sent");
    }

    [Test]
    public async Task Mails_are_canceled_by_their_ids_before_a_worker_has_read_them_and_the_others_are_refused_with_the_reason()
    {
        var (unread, sent) = (_api.Get<MailId>().New(), Guid.NewGuid());
        await _store.SendAsync(sent);
        var ended = await EndedAsync(await BeginAsync(new { action = "cancel", ids = new[] { unread, sent, Guid.NewGuid() }, reason = "the wrong price" }));
        (ended.GetProperty("done").GetInt32(), ended.GetProperty("refused").GetInt32()).ShouldBe((1, 2));
        var refusals = ended.GetProperty("progress").GetProperty("refusals");
        (refusals.GetProperty("mail_sent").GetInt32(), refusals.GetProperty("not_found").GetInt32()).ShouldBe((1, 1));
        (await (await _api.GetAsync($"/emails/{unread}")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
    }

    [Test]
    public async Task While_Kafka_is_away_it_waits_and_what_it_has_begun_is_sent_once()
    {
        var (type, _) = await FailAsync(2);
        var isAway = true;
        _api.Queue.Before = _ => isAway ? throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "broker away") : Task.CompletedTask;
        var begun = await BeginAsync(new { action = "replay", filter = new { exception = type } });
        await EndedAsync(begun);
        _api.Queue.Records.ShouldBeEmpty();
        isAway = false;
        await _api.Get<Producer.Api.Failures.ReplaySweep>().SweepAsync(TimeSpan.Zero, CancellationToken.None);
        _api.Queue.Records.Count(record => record.Header(HeaderNames.MessageId).Any()).ShouldBeGreaterThanOrEqualTo(2);
        (await (await _api.GetAsync($"/failures?exception={type}&status=replayed&count=true")).JsonAsync()).GetProperty("total").GetInt64().ShouldBe(2);
    }

    [Test]
    public async Task An_instance_that_stops_leaves_its_operation_to_another_and_nothing_is_sent_twice()
    {
        var (type, _) = await FailAsync(40);
        // Slow enough that it has not ended before it is stopped; the rest may go at once.
        var begun = await BeginAsync(new { action = "replay", filter = new { exception = type }, rate_per_second = 1 });
        await Eventually.Until(
            async () => (await (await _api.GetAsync($"/failures?exception={type}&status=replayed&count=true")).JsonAsync()).GetProperty("total").GetInt64() > 0, null, "it is under way");
        await _api.Get<OperationRunner>().StopAsync(CancellationToken.None);
        await using (var faster = _api.Get<NpgsqlDataSource>().CreateCommand("UPDATE email.operations SET rate_per_second = NULL"))
            await faster.ExecuteNonQueryAsync();
        await using var other = await StartAsync();
        (await EndedAsync(begun)).GetProperty("done").GetInt32().ShouldBe(40);
        var sent = _api.Queue.Records.Concat(other.Queue.Records).SelectMany(record => record.Header(HeaderNames.MessageId)).ToList();
        other.Queue.Records.ShouldNotBeEmpty();
        sent.Count.ShouldBe(40);
        sent.Distinct().Count().ShouldBe(40);
    }

    [Test]
    public async Task It_is_paused_resumed_and_canceled_by_whoever_says_so()
    {
        var (type, _) = await FailAsync(200);
        var begun = await BeginAsync(new { action = "replay", filter = new { exception = type }, rate_per_second = 1 });
        var path = $"/operations/{begun.GetProperty("id").GetGuid()}";
        var paused = await (await _api.PostAsync($"{path}/pause", "", ("X-Actor", "ben"))).JsonAsync();
        (paused.GetProperty("state").GetString(), paused.GetProperty("changed_by").GetString()).ShouldBe(("paused", "ben"));
        (await (await _api.PostAsync($"{path}/pause", "")).ProblemAsync(409, "operation_not_open")).GetProperty("state").GetString().ShouldBe("paused");
        var done = (await (await _api.GetAsync(path)).JsonAsync()).GetProperty("done").GetInt32();

        (await (await _api.PostAsync($"{path}/resume", "")).JsonAsync()).GetProperty("state").GetString().ShouldBe("running");
        await Eventually.Until(async () => (await (await _api.GetAsync(path)).JsonAsync()).GetProperty("done").GetInt32() > done, null, "it goes on");
        (await (await _api.PostAsync($"{path}/cancel", "")).JsonAsync()).GetProperty("state").GetString().ShouldBe("canceled");
        await (await _api.PostAsync($"{path}/resume", "")).ProblemAsync(409, "operation_not_open");
        (await (await _api.GetAsync("/operations?state=canceled")).JsonAsync()).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("id").GetGuid()).ShouldContain(begun.GetProperty("id").GetGuid());
    }

    [TestCase("""{"action":"replay"}""", "Give either a 'filter' or 'ids'")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"ids":["01a20000-0000-7000-8000-000000000000"]}""", "Give either a 'filter' or 'ids'")]
    [TestCase("""{"action":"replay","filter":{}}""", "restricts nothing")]
    [TestCase("""{"action":"replay","filter":{"status":"unresolved"}}""", "restricts nothing")]
    [TestCase("""{"action":"replay","filter":{"status":"new","domain":"a"}}""", "'status' is 'new'")]
    [TestCase("""{"action":"replay","filter":{"since":"yesterday"}}""", "'since' is 'yesterday'")]
    [TestCase("""{"action":"replay","filter":{"text":"a\u0000b"}}""", "'text' holds a control character")]
    [TestCase("""{"action":"replay","filter":{"tag":"a\u0000b"}}""", "'tag' holds a control character")]
    [TestCase("""{"action":"replay","filter":{"fingerprint":"\u0000"}}""", "'fingerprint' holds a control character")]
    [TestCase("""{"action":"cancel","filter":{"tag":"a\u0000b"},"reason":"r"}""", "'tag' holds a control character")]
    [TestCase("""{"action":"cancel","filter":{"subject":"a\u0000b"},"reason":"r"}""", "'subject' holds a control character")]
    [TestCase("""{"action":"resend","filter":{"domain":"a"}}""", "'action' is 'resend'")]
    [TestCase("""{"filter":{"domain":"a"}}""", "'action' is missing")]
    [TestCase("""{"action":"discard","filter":{"domain":"a"}}""", "Say why")]
    [TestCase("""{"action":"replay","ids":[]}""", "'ids' has 0 ids")]
    [TestCase("""{"action":"replay","ids":["x"]}""", "'ids' is 'x'")]
    [TestCase("""{"action":"replay","ids":[null]}""", "'ids' holds an empty text")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"limit":0}""", "'limit' is 0")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"rate_per_second":-1}""", "'rate_per_second' is -1")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"rate_per_second":100001}""", "'rate_per_second' is 100001")]
    [TestCase("""{"action":"restore","filter":{"domain":"a"},"stop_after_failures":1}""", "for replays alone")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"order":"random"}""", "'order' is 'random'")]
    [TestCase("""{"action":"replay","filter":{"domain":"a","state":"queued"}}""", "failures have a 'status'")]
    [TestCase("""{"action":"cancel","filter":{"sender":"a@example.com"}}""", "Say why")]
    [TestCase("""{"action":"cancel","filter":{"domain":"a"},"reason":"r"}""", "A cancel is of mails, whose filter has: recipient")]
    [TestCase("""{"action":"cancel","filter":{"state":"queued"},"reason":"r"}""", "restricts nothing")]
    [TestCase("""{"action":"cancel","filter":{"sender":"a@example.com","state":"sent"},"reason":"r"}""", "scheduled, queued or held can be canceled")]
    [TestCase("""{"action":"cancel","filter":{"sender":"a@example.com","state":"gone"},"reason":"r"}""", "'state' is 'gone'")]
    [TestCase("""{"action":"cancel","filter":{"sender":"a@example.com"},"reason":"r","stop_after_failures":1}""", "for replays alone")]
    [TestCase("""{"action":"cancel","ids":["x"],"reason":"r"}""", "the UUID of a mail is expected")]
    [TestCase("""{"action":"replay","filter":{"domian":"a"}}""", "The body is not")]
    [TestCase("""{"action":"replay","filter":{"domain":"a"},"dryrun":true}""", "The body is not")]
    [TestCase("", "is expected")]
    public async Task What_cannot_be_is_refused_with_what_is_allowed(string body, string detail) =>
        (await (await _api.PostAsync("/operations", body)).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(detail);

    [Test]
    public async Task An_operation_that_is_not_there_is_not_found()
    {
        foreach (var id in new[] { "x", Guid.NewGuid().ToString() })
        {
            await (await _api.GetAsync($"/operations/{id}")).ProblemAsync(404, "operation_not_found");
            await (await _api.PostAsync($"/operations/{id}/pause", "")).ProblemAsync(404, "operation_not_found");
        }
    }

    [Test]
    public async Task A_pace_takes_what_its_time_allows_and_makes_up_for_a_second_at_most()
    {
        var time = new FakeTimeProvider();
        var pace = new OperationPace(100, time);
        pace.Batch(250).ShouldBe(10);
        new OperationPace(3, time).Batch(250).ShouldBe(1);
        new OperationPace(100_000, time).Batch(250).ShouldBe(250);

        var wait = pace.WaitAsync(10, CancellationToken.None);
        wait.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromMilliseconds(100));
        await wait;
        time.Advance(TimeSpan.FromMinutes(1));
        for (var batch = 0; batch <= 10; batch++)
            pace.WaitAsync(10, CancellationToken.None).IsCompleted.ShouldBeTrue();
        pace.WaitAsync(10, CancellationToken.None).IsCompleted.ShouldBeFalse();
    }

    private async Task<(string Type, List<Guid> Ids)> FailAsync(int count, string? type = null)
    {
        type ??= $"Operation{Guid.NewGuid():N}";
        var ids = new List<Guid>();
        for (var number = 0; number < count; number++)
            ids.Add(await _store.ProjectAsync(Guid.CreateVersion7(), """{"from":"a@example.com","to":["b@example.com"],"subject":"Hello","text":"t"}"""u8.ToArray(), exceptionType: type));
        return (type, ids);
    }

    private Task<HttpResponseMessage> PostAsync(object body) => _api.PostAsync("/operations", JsonSerializer.Serialize(body));

    private async Task<JsonElement> BeginAsync(object body)
    {
        var answer = await PostAsync(body);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        var begun = await answer.JsonAsync();
        answer.Headers.Location!.ToString().ShouldBe($"/operations/{begun.GetProperty("id").GetGuid()}");
        return begun;
    }

    private async Task<JsonElement> EndedAsync(JsonElement begun) => await Eventually.Value(
        async () => (await (await _api.GetAsync($"/operations/{begun.GetProperty("id").GetGuid()}")).JsonAsync()),
        operation => operation.TryGetProperty("ended_at", out _), TimeSpan.FromMinutes(2), "the operation ends");
}
