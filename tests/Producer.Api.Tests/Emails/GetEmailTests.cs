using Microsoft.Extensions.DependencyInjection;
using Persistence.Mails;
using Persistence.Workers;
using Producer.Api.Ids;

namespace Producer.Api.Tests.Emails;

public class GetEmailTests
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
    public async Task A_mail_that_no_worker_has_seen_is_queued_and_not_recorded()
    {
        var id = _api.Services.GetRequiredService<MailId>().New();

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("queued");
        mail.GetProperty("recorded").GetBoolean().ShouldBeFalse();
        mail.GetProperty("accepted_at").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task A_mail_that_nobody_sends_now_says_what_it_waits_for()
    {
        await using var api = await ApiHost.StartOnAsync(await (await PostgresFixture.StartAsync()).CreateDatabaseAsync());
        var workers = api.Services.GetRequiredService<WorkerStore>();
        var path = $"/emails/{api.Services.GetRequiredService<MailId>().New()}";
        (await WaitingAsync())!.Value.GetProperty("reason").GetString().ShouldBe("No worker is running.");

        var since = DateTimeOffset.UtcNow;
        var worker = await workers.RegisterAsync("host:1", Leases.Lasting, CancellationToken.None);
        (await WaitingAsync()).ShouldBeNull();

        await workers.HeartbeatAsync(worker, Leases.Lasting, new Pause("smtp.example.com:25 refuses connections", since), null, CancellationToken.None);
        var waiting = await WaitingAsync();
        waiting!.Value.GetProperty("reason").GetString().ShouldBe("smtp.example.com:25 refuses connections");
        waiting.Value.GetProperty("since").GetDateTimeOffset().ShouldBe(since, TimeSpan.FromMilliseconds(1));

        // One of two still sends.
        await workers.RegisterAsync("host:2", Leases.Lasting, CancellationToken.None);
        (await WaitingAsync()).ShouldBeNull();

        async Task<System.Text.Json.JsonElement?> WaitingAsync() =>
            (await (await api.GetAsync(path)).JsonAsync()).TryGetProperty("waiting", out var found) && found.ValueKind != System.Text.Json.JsonValueKind.Null ? found : null;
    }

    [Test]
    public async Task A_sent_mail_tells_its_times_its_attempts_and_its_recipients()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        await _store.Mails.RecordSentAsync(
            record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250, "2.0.0", "OK")]);

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("sent");
        mail.GetProperty("recorded").GetBoolean().ShouldBeTrue();
        mail.GetProperty("attempts").GetInt32().ShouldBe(1);
        mail.GetProperty("sent_at").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        var recipient = mail.GetProperty("recipients").EnumerateArray().Single();
        recipient.GetProperty("address").GetString().ShouldBe("b@example.com");
        recipient.GetProperty("outcome").GetString().ShouldBe("accepted");
        recipient.GetProperty("reply_code").GetInt32().ShouldBe(250);
    }

    [Test]
    public async Task A_mail_that_the_worker_could_not_read_is_dead_on_its_own_page_with_its_failure()
    {
        var id = _api.Services.GetRequiredService<MailId>().New();
        var failureId = await _store.ProjectAsync(id, [0xFF]);

        var mail = await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("dead");
        mail.GetProperty("recorded").GetBoolean().ShouldBeFalse();
        mail.GetProperty("last_error").GetString().ShouldBe("550 no such user");
        mail.GetProperty("failures").EnumerateArray().Single().GetProperty("id").GetGuid().ShouldBe(failureId);
    }

    [Test]
    public async Task A_dead_mail_links_its_failure()
    {
        var (mailId, failureId) = await _store.FailAsync();

        var mail = await (await _api.GetAsync($"/emails/{mailId}")).JsonAsync();
        mail.GetProperty("state").GetString().ShouldBe("dead");
        mail.GetProperty("failures").EnumerateArray().Single().GetProperty("id").GetGuid().ShouldBe(failureId);
    }

    [TestCase("0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("no-uuid")]
    public async Task An_id_that_was_never_given_out_is_not_found(string id) =>
        await (await _api.GetAsync($"/emails/{id}")).ProblemAsync(404, "mail_not_found");

    [Test]
    public async Task Without_Postgres_reads_answer_503()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        var response = await api.GetAsync($"/emails/{api.Services.GetRequiredService<MailId>().New()}");
        await response.ProblemAsync(503, "database_unavailable");
        response.Headers.RetryAfter.ShouldNotBeNull();
    }
}
