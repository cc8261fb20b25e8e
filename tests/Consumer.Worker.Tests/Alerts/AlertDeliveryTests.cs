using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using NUnit.Framework;
using Persistence.Alerts;
using Persistence.Failures;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Alerts;

/// <summary>From a failure's row to the channel, whatever fails in between. A database and a receiver of each test's own.</summary>
internal sealed class AlertDeliveryTests
{
    private readonly List<IHost> _hosts = [];
    private readonly LogLines _log = new();
    private AlertReceiver _receiver = null!;
    private string _database = null!;

    [SetUp]
    public async Task SetUp()
    {
        _receiver = await AlertReceiver.StartAsync();
        _database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();
        await Databases.MigrateAsync(_database);
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }

        _hosts.Clear();
        await _receiver.DisposeAsync();
    }

    [Test]
    public async Task A_failure_is_posted_within_seconds_with_its_environment_cause_fingerprint_and_link()
    {
        var host = await StartAsync();
        await host.FailAsync("The mail server refused 1 recipient permanently: ann@example.com: 550 5.1.1 No such user here");
        await PostsAsync(1);
        var lines = Slack(0).Split('\n');
        lines[0].ShouldBe("*[Staging] 1 mail failed*");
        lines[1].ShouldBe("• *New*: 550 5.1.1 No such user here (example.com)");
        lines[2].ShouldMatch(@"^   1 failure since \d{4}-\d\d-\d\d \d\d:\d\d UTC, 1 open \(fingerprint [0-9a-f]{16}\) <https://mail.example.com/failures\?status=unresolved&amp;fingerprint=[0-9a-f]{16}\|Show>$");
        _log.Lines.ShouldNotContain(line => line.Text.Contains("secret", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_failure_that_was_stored_when_its_worker_was_killed_is_posted_by_the_next_one()
    {
        using (var killed = Build())
            await killed.FailAsync("550 no");
        await StartAsync();
        await PostsAsync(1);
        Slack(0).ShouldContain("550 no");
    }

    [Test]
    public async Task A_post_that_was_claimed_when_its_worker_was_killed_is_made_by_the_next_one()
    {
        Guid id;
        using (var killed = Build())
        {
            await killed.FailAsync("550 no");
            var store = killed.Services.GetRequiredService<AlertStore>();
            await store.PlanAsync([new AlertChannel("slack", TimeSpan.FromSeconds(1), 5, Repeats: false)], TimeSpan.FromHours(1), TimeSpan.FromHours(1));
            id = (await store.ClaimAsync("slack", TimeSpan.FromSeconds(2))).ShouldNotBeNull().Id;
        }

        await StartAsync();
        await PostsAsync(1);
        await SentAsync(id);
    }

    [Test]
    public async Task A_post_whose_outcome_was_lost_is_made_again_under_the_same_id()
    {
        var hook = new[] { ("Alerts:SlackWebhookUrl", ""), ("Alerts:WebhookUrl", $"{_receiver.Url}/hook"), ("Alerts:WebhookSecret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") };
        // What the worker is to note once the post is made: Postgres takes it never.
        await ExecuteAsync("""
            CREATE FUNCTION email.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON email.alert_posts FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION email.refuse();
            """);
        var host = await StartAsync(hook);
        await host.FailAsync("550 no");
        await PostsAsync(1);
        await ExecuteAsync("DROP TRIGGER refuse ON email.alert_posts; UPDATE email.alert_posts SET next_try_at = now()");

        await PostsAsync(2);
        _receiver.Posts[1].Headers["webhook-id"].ShouldBe(_receiver.Posts[0].Headers["webhook-id"]);
        _receiver.Posts[1].Body.ShouldBe(_receiver.Posts[0].Body);
        await Eventually.Until(async () => await CountAsync("email.alert_posts WHERE sent_at IS NOT NULL") == 1, null, "it is noted");
    }

    [TestCase(HttpStatusCode.InternalServerError)]
    [TestCase(HttpStatusCode.Forbidden)]
    public async Task A_post_that_reaches_nobody_is_made_again(HttpStatusCode status)
    {
        _receiver.FailNext(status);
        _receiver.FailNext(status);
        var host = await StartAsync();
        await host.FailAsync("550 no");
        await PostsAsync(1);
        _receiver.Failed.Count.ShouldBe(2);
        (await CountAsync("email.alert_posts WHERE tries = 3 AND sent_at IS NOT NULL AND last_error IS NULL")).ShouldBe(1);
    }

    [Test]
    public async Task A_channel_that_asks_for_a_pause_gets_it()
    {
        _receiver.FailNext(HttpStatusCode.TooManyRequests, "4");
        var host = await StartAsync();
        await host.FailAsync("550 no");
        await PostsAsync(1);
        (DateTime.UtcNow - _receiver.Failed.Single().At).ShouldBeGreaterThan(TimeSpan.FromSeconds(4));
    }

    [Test]
    public async Task A_channel_that_hangs_is_tried_again_and_keeps_nothing_from_another()
    {
        await using var other = await AlertReceiver.StartAsync();
        _receiver.HangNext();
        var host = await StartAsync(("Alerts:PostTimeout", "00:00:20"), ("Alerts:TeamsWebhookUrl", $"{other.Url}/teams"));
        await host.FailAsync("550 no");
        await Eventually.Until(() => _receiver.Failed.Count == 1, null, "it hangs");
        await Eventually.Until(() => other.Posts.Count == 1, null, "the other channel has its post");
        _receiver.Posts.ShouldBeEmpty();
        await host.FailAsync("550 no");
        await Eventually.Until(() => other.Posts.Count == 2, null, "and its next one");
        // The second failure's post may come right behind that of the first.
        await Eventually.Until(() => _receiver.Posts.Count >= 1, null, "it is tried again");
        _log.Lines.ShouldContain(line => line.Text.Contains("reached nobody at try 1", StringComparison.Ordinal) && line.Text.Contains("No response within 00:00:20", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_channel_that_was_away_gets_what_came_meanwhile_in_two_posts()
    {
        var url = _receiver.Url;
        await _receiver.DisposeAsync();
        var host = await StartAsync();
        await host.FailAsync("550 no");
        await Eventually.Until(() => _log.Lines.Any(line => line.Text.Contains("ConnectionError: Connection refused", StringComparison.Ordinal)), null, "the connection is refused");
        for (var i = 0; i < 20; i++)
            await host.FailAsync("550 no");
        await Eventually.Until(async () => await CountAsync("email.alert_outbox") == 0, null, "they are gathered");

        _receiver = await AlertReceiver.StartAsync(url);
        await ExecuteAsync("UPDATE email.alert_posts SET next_try_at = now()");
        await PostsAsync(2);
        Slack(0).ShouldStartWith("*[Staging] 1 mail failed*");
        Slack(1).ShouldStartWith("*[Staging] 20 mails failed*");
    }

    [Test]
    public async Task A_post_that_its_channel_never_takes_is_given_up_and_told_in_the_log()
    {
        _receiver.FailNext(HttpStatusCode.BadRequest);
        var host = await StartAsync();
        await host.FailAsync("550 no");
        await Eventually.Until(() => _log.Lines.Any(line => line.Text.Contains("is given up after 1 tries: HTTP status 400", StringComparison.Ordinal)), null, "it is given up");
        await host.FailAsync("550 no");
        await PostsAsync(1);
        Slack(0).ShouldStartWith("*[Staging] 1 mail failed*");
    }

    [Test]
    public async Task A_flood_of_ten_thousand_failures_makes_few_posts()
    {
        await StartAsync(("Alerts:DigestInterval", "00:00:10"));
        await StartAsync(("Alerts:DigestInterval", "00:00:10"));
        await ExecuteAsync("""
            CREATE PROCEDURE email.flood() LANGUAGE plpgsql AS $$ BEGIN
                FOR i IN 1..100 LOOP
                    WITH added AS (
                        INSERT INTO email.failures (id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, epoch, headers, exception_type, message, fingerprint, attempts, status, failed_at)
                        SELECT gen_random_uuid(), 'flood', 0, i * 100 + n, now(), 0, '[]', 'X', 'cause ' || n % 7, 'cause ' || n % 7, 1, 'unresolved', now()
                        FROM generate_series(1, 100) AS n RETURNING id)
                    INSERT INTO email.alert_outbox (failure_id) SELECT id FROM added;
                    COMMIT;
                    PERFORM pg_sleep(0.03);
                END LOOP;
            END $$;
            """);
        var started = TimeProvider.System.GetTimestamp();
        await ExecuteAsync("CALL email.flood()");
        await Eventually.Until(async () => await ToldAsync() == 10_000, null, "all were told");
        _receiver.Posts.Count.ShouldBeLessThanOrEqualTo(2 + (int)(TimeProvider.System.GetElapsedTime(started) / TimeSpan.FromSeconds(10)));
        _receiver.Posts.Sum(post => long.Parse(JsonNode.Parse(post.Body)!["text"]!.GetValue<string>().Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(10_000);
        Slack(_receiver.Posts.Count - 1).ShouldContain(" other causes: see GET /failures");
    }

    [Test]
    public async Task The_end_is_posted_once_also_by_two_workers()
    {
        var host = await StartAsync();
        await StartAsync();
        var failures = new List<Guid>();
        for (var i = 0; i < 5; i++)
            failures.Add(await host.FailAsync("550 no"));
        await Eventually.Until(async () => await ToldAsync() == 5, null, "all were told");
        var store = host.Services.GetRequiredService<FailureStore>();
        foreach (var failure in failures)
            (await store.DiscardAsync(failure, "ann", "gone")).ShouldBeNull();
        await Eventually.Until(() => _receiver.Posts.Any(post => post.Body.Contains("*Over*", StringComparison.Ordinal)), null, "the end was posted");
        // Another episode is told after it: had the end been posted again, it would have come before.
        await host.FailAsync("451 later");
        await Eventually.Until(() => _receiver.Posts.Any(post => post.Body.Contains("451 later", StringComparison.Ordinal)), null, "the next was posted");

        _receiver.Posts.Count(post => post.Body.Contains("*Over*", StringComparison.Ordinal)).ShouldBe(1);
        var end = Enumerable.Range(0, _receiver.Posts.Count).Select(Slack).Single(text => text.Contains("*Over*", StringComparison.Ordinal));
        end.ShouldContain("• *Over*: 550 no\n   5 failures since");
        end.ShouldContain("none waits any more");
    }

    [Test]
    public async Task An_episode_that_is_quiet_is_over()
    {
        var host = await StartAsync(("Alerts:QuietAfter", "00:00:02"));
        await host.FailAsync("550 no");
        await PostsAsync(2);
        Slack(1).ShouldContain("*Over*: 550 no");
        Slack(1).ShouldContain("no new one came since");
        Slack(1).ShouldContain(", 1 open (fingerprint");
    }

    [Test]
    public async Task Postgres_that_is_away_for_a_moment_ends_no_loop()
    {
        await ExecuteAsync("ALTER TABLE email.alert_channels RENAME TO away");
        var host = await StartAsync();
        await host.FailAsync("550 no");
        await Eventually.Until(() => _log.Lines.Any(line => line.Text.StartsWith("The plan of alerts failed", StringComparison.Ordinal)), null, "it fails");
        await ExecuteAsync("ALTER TABLE email.away RENAME TO alert_channels");
        await PostsAsync(1);
    }

    [Test]
    public async Task E_mail_alone_is_warned_of_at_the_start()
    {
        await StartAsync(("Alerts:SlackWebhookUrl", ""), ("Alerts:EmailTo", "ops@example.com"), ("Alerts:EmailFrom", "alerts@example.com"));
        _log.Lines.ShouldContain(line => line.Text.StartsWith("Alerts go by e-mail alone", StringComparison.Ordinal));
    }

    [Test]
    public async Task Without_a_channel_failures_are_gathered_and_nothing_is_put_on_its_way()
    {
        var host = await StartAsync(("Alerts:SlackWebhookUrl", ""));
        await host.FailAsync("550 no");
        await Eventually.Until(async () => await CountAsync("email.alert_episodes") == 1, null, "it is gathered");
        (await CountAsync("email.alert_outbox")).ShouldBe(0);
        (await CountAsync("email.alert_posts")).ShouldBe(0);
    }

    private IHost Build(params (string Key, string Value)[] settings) => AlertWorld.Build(_database, TimeProvider.System, _log,
    [
        ("Alerts:SlackWebhookUrl", $"{_receiver.Url}/services/T0/B0/secret"),
        ("Alerts:DigestInterval", "00:00:01"),
        ("Alerts:PublicUrl", "https://mail.example.com"),
        .. settings,
    ]);

    private async Task<IHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var host = Build(settings);
        _hosts.Add(host);
        await host.StartAsync();
        return host;
    }

    private Task PostsAsync(int count) => Eventually.Until(() => _receiver.Posts.Count == count, null, $"{count} posts arrived", () => Task.FromResult(string.Join("\n", _log.Lines.Select(line => line.Text))));

    private Task SentAsync(Guid id) => Eventually.Until(async () => await CountAsync($"email.alert_posts WHERE sent_at IS NOT NULL AND id = '{id}'") == 1, null, "it is noted");

    private string Slack(int post) => JsonNode.Parse(_receiver.Posts[post].Body)!["text"]!.GetValue<string>();

    private Task<long> ToldAsync() => CountAsync("(SELECT sum((p.digest->>'failures')::bigint) AS told FROM email.alert_posts AS p WHERE p.sent_at IS NOT NULL) AS s", "coalesce(max(told), 0)::bigint");

    private async Task<long> CountAsync(string from, string what = "count(*)")
    {
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand($"SELECT {what} FROM {from}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
