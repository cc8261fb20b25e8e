using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Stats;
using Shouldly;
using Testing;

namespace Persistence.Tests.Queries;

/// <summary>A million mails: no query of docs/queries.md reads more than the tables once, unless the page calls it an audit.</summary>
public sealed partial class LargeStoreTests
{
    private const long Mails = 1_000_000;

    // A list may leave out 10,000 mails: found by an index, each on a page of its own at worst.
    private const long MostPagesOfList = 20_000;

    // In seconds; a slow machine takes its time for a million rows.
    private const int StatementTimeout = 1_800;

    private Store _store = null!;
    private long _pages;

    private static readonly Guid RareKey = Guid.Parse("01a20000-0000-7000-8000-00000000000a");
    private static readonly Guid FrequentKey = Guid.Parse("01a20000-0000-7000-8000-00000000000b");

    private static IEnumerable<TestCaseData> Queries() =>
        Query().Matches(Checkout.Read("docs/queries.md")).Where(match => !match.Groups["text"].Value.Contains("audit", StringComparison.OrdinalIgnoreCase))
            .Select(match => new TestCaseData(match.Groups["sql"].Value).SetArgDisplayNames(match.Groups["heading"].Value));

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        _store = await Store.OpenMigratedAsync();
        await ExecuteAsync("""
            INSERT INTO email.mails (id, epoch, attempt, state, outbox_entry, first_topic, first_partition, first_offset, record_timestamp, content_hash, key, subject,
                sender, worker_id, claimed_at, sent_at, ended_at, created_at, updated_at, tags, api_key_id)
            SELECT ('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 1,
                CASE WHEN n % 10 = 0 THEN 'dead' WHEN n % 10 = 5 THEN 'discarded' WHEN n % 10 = 3 THEN 'held' WHEN n % 10007 = 1 THEN 'queued' ELSE 'sent' END,
                CASE WHEN n % 5 = 0 THEN 'dead_letter' WHEN n % 10 = 3 THEN 'schedule' END, 'email.send', n % 12, n, at, '\x00', n::text, 'subject', 'shop@example.com',
                gen_random_uuid(), at, at, at, at, at,
                CASE WHEN n % 100000 = 7 THEN '[{"name": "campaign", "value": "spring"}]' WHEN n % 5 = 0 THEN '["order"]' END::jsonb,
                CASE WHEN n % 100000 = 7 THEN '01a20000-0000-7000-8000-00000000000a' WHEN n % 2 = 0 THEN '01a20000-0000-7000-8000-00000000000b' END::uuid
            FROM generate_series(1, 1000000) AS n, LATERAL (SELECT now() - n * interval '1 second' AS at) AS t
            """);
        await ExecuteAsync("""
            INSERT INTO email.mail_recipients (mail_id, address, ordinal, kind, outcome, reply_code, updated_at)
            SELECT ('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user' || n % 100000 || '@example.com', 1, 'to',
                CASE WHEN n % 10 = 0 THEN 'rejected' ELSE 'accepted' END, 250, now() - n * interval '1 second'
            FROM generate_series(1, 1000000) AS n
            """);
        await ExecuteAsync("""
            INSERT INTO email.failures (id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, epoch, value, exception_type, message, fingerprint,
                attempts, status, failed_at, updated_at, search_terms)
            SELECT gen_random_uuid(), 'email.send.dlt', 0, n, now(), ('01a20000-0000-7000-8000-' || lpad(to_hex(n * 10), 12, '0'))::uuid, 0, '\x00',
                'PermanentMailException', '550 5.1.1 No such user here', to_hex(n % 50), 1, CASE WHEN n % 4 = 0 THEN 'unresolved' ELSE 'resolved' END,
                now() - n * interval '10 seconds', now(),
                ARRAY['o:email.send', 'c:' || CASE WHEN n % 2 = 0 THEN '550' ELSE '451' END, 'd:domain-' || n % 2 || '.example', 'r:user-' || n % 20000 || '@example.com', 'k:' || n]
            FROM generate_series(1, 100000) AS n
            """);
        await ExecuteAsync("VACUUM ANALYZE email.mails, email.mail_recipients, email.failures");
        await using var size = _store.DataSource.CreateCommand("SELECT sum(relpages) FROM pg_class WHERE relnamespace = 'email'::regnamespace AND relkind = 'r'");
        _pages = (long)(await size.ExecuteScalarAsync())!;
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
    }

    [TestCaseSource(nameof(Queries))]
    public async Task A_query_of_the_documentation_reads_the_tables_once_at_most(string sql)
    {
        await using var command = _store.DataSource.CreateCommand(sql);
        var work = await WorkAsync(command);
        work.Pages.ShouldBeLessThanOrEqualTo(_pages);
        work.Rows.ShouldBeLessThanOrEqualTo(4 * Mails, "each step of the plan counts its own");
    }

    [Test]
    public async Task The_counts_of_stats_serve_all_who_ask_within_seconds()
    {
        var stats = new StatsStore(_store.DataSource, new FakeTimeProvider());
        var counts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => stats.CountMailsAsync()));
        counts.ShouldAllBe(count => ReferenceEquals(count, counts[0]));
        counts[0][MailState.Dead].ShouldBe(100_000);
    }

    [Test]
    public async Task A_large_count_of_failures_serves_all_who_ask_within_seconds_and_a_small_one_is_counted_anew()
    {
        // However long the counts take: a large one is not old.
        var failures = new FailureStore(_store.DataSource, _store.Contexts, new FakeTimeProvider());
        var (large, small) = (new FailureFilter { Code = "451" }, new FailureFilter { Recipient = "user-4713@example.com" });
        (await failures.CountAsync(large)).ShouldBe(new FailureCount(50_000, IsExact: true));
        (await failures.CountAsync(small)).ShouldBe(new FailureCount(5, IsExact: true));
        await using (var connection = await _store.DataSource.OpenConnectionAsync())
        await using (var locked = new NpgsqlCommand("BEGIN; LOCK TABLE email.failures IN ACCESS EXCLUSIVE MODE", connection))
        {
            await locked.ExecuteNonQueryAsync();
            (await failures.CountAsync(large)).Count.ShouldBe(50_000, "the table is not asked");
            using var gaveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await Should.ThrowAsync<OperationCanceledException>(failures.CountAsync(small, gaveUp.Token));
        }
    }

    private static IEnumerable<TestCaseData> Lists() =>
    [
        List("all", new MailFilter()),
        List("recipient", new MailFilter { Recipient = "USER17@example.com" }),
        List("no recipient", new MailFilter { Recipient = "nobody@example.com" }),
        List("frequent sender", new MailFilter { Sender = "shop@example.com" }),
        List("no sender", new MailFilter { Sender = "nobody@example.com" }),
        List("tag", new MailFilter { Tag = "order" }),
        List("rare tag", new MailFilter { Tag = "campaign:spring" }),
        List("no tag", new MailFilter { Tag = "none" }),
        List("key with few mails", new MailFilter { ApiKeyId = RareKey }),
        List("key with half of them", new MailFilter { ApiKeyId = FrequentKey }),
        List("key without any", new MailFilter { ApiKeyId = Guid.Empty }),
        List("recipient and key", new MailFilter { Recipient = "USER17@example.com", ApiKeyId = RareKey }),
        List("sender and key with few mails", new MailFilter { Sender = "shop@example.com", ApiKeyId = RareKey }),
        List("tag and key", new MailFilter { Tag = "order", ApiKeyId = FrequentKey }),
        List("dead", new MailFilter { State = MailState.Dead }),
        List("scheduled, of which there are none beside many that are held", new MailFilter { State = MailState.Scheduled }),
        List("sent", new MailFilter { State = MailState.Sent }),
        List("held", new MailFilter { State = MailState.Held }),
        List("canceled, of which there are none", new MailFilter { State = MailState.Canceled }),
        List("dead, with a subject that none has", new MailFilter { State = MailState.Dead, Subject = "nothing" }),
        List("subject, which none has", new MailFilter { Subject = "nothing" }),
        List("time", new MailFilter { Since = DateTimeOffset.UtcNow.AddDays(-9), Until = DateTimeOffset.UtcNow.AddDays(-8) }),
    ];

    [TestCaseSource(nameof(Lists))]
    public async Task A_page_of_mails_is_found_by_an_index_and_looks_at_few_pages(MailFilter filter)
    {
        var search = new MailSearch(_store.DataSource);
        await using var connection = await _store.DataSource.OpenConnectionAsync();
        foreach (var from in new[] { null, await search.FindPositionAsync(Guid.Parse("01a20000-0000-7000-8000-000000050000")) })
        {
            await using (var explain = MailSearch.PageCommand(connection, filter, 21, from))
                (await PlanAsync(explain)).ShouldNotContain("Seq Scan");
            await using var page = MailSearch.PageCommand(connection, filter, 21, from);
            var work = await WorkAsync(page);
            work.Pages.ShouldBeLessThanOrEqualTo(MostPagesOfList);
            TestContext.Out.WriteLine($"{TestContext.CurrentContext.Test.Name}: {work}");
        }
    }

    private static IEnumerable<TestCaseData> FailureLists() =>
    [
        Of("a recipient that a few have, with a code that half have", new FailureFilter { Recipient = "user-4712@example.com", Code = "550" }, 5),
        Of("a recipient that none has, with a topic that all have", new FailureFilter { Recipient = "nobody@example.com", Topic = "email.send" }, 0),
        Of("a code and a domain that half have each, and none both", new FailureFilter { Code = "550", Domain = "domain-1.example" }, 0),
        Of("a topic that all have", new FailureFilter { Topic = "email.send" }, 21),
        Of("a code that half have", new FailureFilter { Code = "550", Domain = "domain-0.example" }, 21),
    ];

    /// <summary>What the planner cannot know must not make it walk the list, or the table, for next to nothing.</summary>
    [TestCaseSource(nameof(FailureLists))]
    public async Task A_page_of_failures_by_terms_looks_at_the_beginning_of_the_list_and_then_at_the_index_of_terms(FailureFilter filter, int found)
    {
        foreach (var order in Enum.GetValues<FailureOrder>())
        {
            (await _store.Failures.ListAsync(filter, 20, order: order)).Items.Count.ShouldBe(Math.Min(found, 20));
            await using var recent = _store.Failures.RecentCommand(filter, 21, null, order);
            var plan = await PlanAsync(recent);
            plan.ShouldContain("ix_failures_failed_at");
            plan.ShouldNotContain("Seq Scan");
            await using var few = _store.Failures.FewCommand(filter, null, order);
            plan = await PlanAsync(few);
            plan.ShouldContain("Bitmap Index Scan on ix_failures_search_terms");
            plan.ShouldNotContain("Seq Scan");
        }
    }

    private static async Task<string> PlanAsync(NpgsqlCommand command)
    {
        command.CommandText = $"EXPLAIN {command.CommandText}";
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    private static TestCaseData Of(string name, FailureFilter filter, int found) => new TestCaseData(filter, found).SetArgDisplayNames(name);

    private static TestCaseData List(string name, MailFilter filter) => new TestCaseData(filter).SetArgDisplayNames(name);

    /// <summary>Runs the command, and tells what it was for Postgres: on any machine the same, as the time that it takes is not.</summary>
    private static async Task<Work> WorkAsync(NpgsqlCommand command)
    {
        command.CommandText = $"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {command.CommandText}";
        command.CommandTimeout = StatementTimeout;
        using var explained = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!);
        var plan = explained.RootElement[0].GetProperty("Plan");
        return new Work(plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64(), Rows(plan));

        static long Rows(JsonElement step)
        {
            var loops = step.GetProperty("Actual Loops").GetDouble();
            var rows = (step.GetProperty("Actual Rows").GetDouble() + Removed(step)) * loops;
            return (long)rows + (step.TryGetProperty("Plans", out var steps) ? steps.EnumerateArray().Sum(Rows) : 0);
        }

        static double Removed(JsonElement step) => step.TryGetProperty("Rows Removed by Filter", out var removed) ? removed.GetDouble() : 0;
    }

    /// <summary>The pages that a query read, in memory or not, and the rows that its steps gave or left out.</summary>
    private sealed record Work(long Pages, long Rows);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _store.DataSource.CreateCommand(sql);
        command.CommandTimeout = StatementTimeout;
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            // All rows are read, as whoever asks does.
        }
    }

    [GeneratedRegex(@"^### (?<heading>[^\n]+)\n(?<text>(?:(?!^#)[^\n]*\n)*?)```sql\n(?<sql>.*?)```", RegexOptions.Singleline | RegexOptions.Multiline, 5_000)]
    private static partial Regex Query();
}
