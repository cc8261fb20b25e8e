using System.Net;
using MassTransit;

namespace Producer.Api.Tests.Emails;

/// <summary>One Idempotency-Key, many posts, two instances on one database.</summary>
public class SharedKeyTests
{
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"TEXT"}""";
    private const int Posts = 50;

    private string _database = "";

    [OneTimeSetUp]
    public async Task CreateAsync() => _database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();

    [Test]
    public async Task Fifty_identical_posts_over_two_instances_are_one_mail_and_409_while_it_is_being_produced()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync();
        var key = Guid.NewGuid().ToString();
        var (began, release) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        one.Queue.Before = other.Queue.Before = _ =>
        {
            began.TrySetResult();
            return release.Task;
        };

        var posts = Enumerable.Range(0, Posts).Select(n => PostAsync(n % 2 == 0 ? one : other, key, "same")).ToList();
        await began.Task.WaitAsync(Eventually.DefaultDeadline);
        // All but the one that produces are answered while it does.
        await Eventually.Until(() => posts.Count(post => post.IsCompleted) == Posts - 1, Eventually.DefaultDeadline, "the other posts are answered");
        release.SetResult();
        var responses = await Task.WhenAll(posts);

        responses.Count(response => response.StatusCode == HttpStatusCode.Accepted).ShouldBe(1);
        foreach (var refused in responses.Where(response => response.StatusCode != HttpStatusCode.Accepted))
            await refused.ProblemAsync(409, "idempotency_key_in_use");
        one.Queue.Mails.Concat(other.Queue.Mails).Count().ShouldBe(1);

        var again = await PostAsync(other, key, "same");
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(one.Queue.Mails.Concat(other.Queue.Mails).Single().Id);
    }

    [Test]
    public async Task Fifty_different_posts_over_two_instances_are_one_mail_and_409_for_the_rest_also_once_it_was_accepted()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync();
        var key = Guid.NewGuid().ToString();

        var responses = await Task.WhenAll(Enumerable.Range(0, Posts).Select(n => PostAsync(n % 2 == 0 ? one : other, key, $"mail {n}")));

        responses.Count(response => response.StatusCode == HttpStatusCode.Accepted).ShouldBe(1);
        foreach (var refused in responses.Where(response => response.StatusCode != HttpStatusCode.Accepted))
            await refused.ProblemAsync(409, "idempotency_key_reused");
        one.Queue.Mails.Concat(other.Queue.Mails).Count().ShouldBe(1);
    }

    [Test]
    public async Task An_instance_that_dies_while_it_produces_locks_the_key_for_its_lease_alone_and_the_same_post_goes_on_under_the_same_id([Values] bool written)
    {
        var key = Guid.NewGuid().ToString();
        await using var survivor = await StartAsync();
        var dying = await StartAsync();
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Whether Kafka has the record by then nobody can say: the instance ends before it is told.
        dying.Queue.Before = _ =>
        {
            began.TrySetResult();
            return new TaskCompletionSource().Task;
        };
        // Its caller never hears of it.
        _ = dying.Client.SendAsync(Request(key, "same"));
        await began.Task.WaitAsync(Eventually.DefaultDeadline);

        var responses = await Task.WhenAll(Enumerable.Range(0, Posts).Select(n => PostAsync(survivor, key, n % 2 == 0 ? "same" : $"mail {n}")));
        for (var n = 0; n < Posts; n++)
            await responses[n].ProblemAsync(409, n % 2 == 0 ? "idempotency_key_in_use" : "idempotency_key_reused");
        survivor.Queue.Mails.ShouldBeEmpty();

        // Its record may have come as far as a worker meanwhile.
        var id = await EndLeaseAsync(survivor, key, written);
        var again = await PostAsync(survivor, key, "same");
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(id);
        again.Headers.Contains("Idempotent-Replayed").ShouldBe(written);
        survivor.Queue.Mails.Count.ShouldBe(written ? 0 : 1);
        (await PostAsync(survivor, key, "same")).Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        await (await PostAsync(survivor, key, "other")).ProblemAsync(409, "idempotency_key_reused");
    }

    [Test]
    public async Task What_Kafka_refused_leaves_the_key_as_it_was()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "away");
        await (await PostAsync(api, key, "one")).ProblemAsync(503, "not_accepted");
        api.Queue.Before = _ => Task.CompletedTask;

        (await PostAsync(api, key, "another")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task What_Kafka_refused_after_an_unknown_outcome_stays_that_content_s_key()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "lost");
        await (await PostAsync(api, key, "one")).ProblemAsync(503, "outcome_unknown");
        api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "away");
        await (await PostAsync(api, key, "one")).ProblemAsync(503, "not_accepted");
        api.Queue.Before = _ => Task.CompletedTask;

        await (await PostAsync(api, key, "another")).ProblemAsync(409, "idempotency_key_reused");
        (await PostAsync(api, key, "one")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task A_key_that_has_expired_is_free_for_another_mail_under_another_id([Values] bool swept, [Values] bool same)
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        var first = (await (await PostAsync(api, key, "one")).JsonAsync()).GetProperty("id").GetGuid();
        await new Store(api.Services).ClaimAsync(first, Contracts.SendEmailJson.Serialize(api.Queue.Mails.Single().Mail));
        await ExecuteAsync(api, "UPDATE email.idempotency_keys SET expires_at = now() - interval '1 s', lease_until = now() - interval '1 s'");
        await ExecuteAsync(api, "UPDATE email.mails SET created_at = created_at - interval '25 hours'");
        if (swept)
            (await api.Get<Persistence.Idempotency.IdempotencyStore>().SweepAsync(100)).ShouldBeGreaterThan(0);

        var again = await PostAsync(api, key, same ? "one" : "another");
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var second = (await again.JsonAsync()).GetProperty("id").GetGuid();
        second.ShouldNotBe(first);
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
    }

    [Test]
    public async Task A_key_whose_mail_no_worker_has_read_is_not_swept()
    {
        await using var api = await StartAsync();
        await PostAsync(api, Guid.NewGuid().ToString(), "one");
        await ExecuteAsync(api, "DELETE FROM email.idempotency_keys WHERE acknowledged_at IS NULL");
        await ExecuteAsync(api, "UPDATE email.idempotency_keys SET expires_at = now() - interval '1 s', lease_until = now() - interval '1 s'");
        await ExecuteAsync(api, "DELETE FROM email.mails");

        (await api.Get<Persistence.Idempotency.IdempotencyStore>().SweepAsync(100)).ShouldBe(0);
    }

    [Test]
    public async Task Without_Postgres_a_post_with_a_key_is_refused_and_one_without_is_accepted()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        var refused = await PostAsync(api, "key", "one");
        await refused.ProblemAsync(503, "idempotency_unavailable");
        refused.Headers.RetryAfter.ShouldNotBeNull();
        api.Queue.Mails.ShouldBeEmpty();
        (await api.PostAsync("/emails", Mail)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task Without_Postgres_a_post_with_a_key_is_accepted_under_the_key_s_id_where_the_options_say_so()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres), ("Api:IdempotencyWithoutDatabase", "Accept"));

        var first = (await (await PostAsync(api, "key", "one")).JsonAsync()).GetProperty("id").GetGuid();
        (await (await PostAsync(api, "key", "one")).JsonAsync()).GetProperty("id").GetGuid().ShouldBe(first);
    }

    [Test]
    public async Task What_was_accepted_without_Postgres_is_known_once_a_worker_has_met_it()
    {
        await using var api = await StartAsync();
        await using var blind = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres), ("Api:IdempotencyWithoutDatabase", "Accept"));
        var key = Guid.NewGuid().ToString();
        var id = (await (await PostAsync(blind, key, "one")).JsonAsync()).GetProperty("id").GetGuid();
        await new Store(api.Services).ClaimAsync(id, Contracts.SendEmailJson.Serialize(blind.Queue.Mails.Single().Mail));

        await (await PostAsync(api, key, "another")).ProblemAsync(409, "idempotency_key_reused");
        var again = await PostAsync(api, key, "one");
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(id);
    }

    // No lease runs out by itself, and no reservation is given up, however slow the machine is.
    private Task<ApiHost> StartAsync() => ApiHost.StartOnAsync(_database, ("Api:AcceptTimeout", "00:05:00"));

    private static HttpRequestMessage Request(string key, string text)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/emails")
        {
            Content = new StringContent(Mail.Replace("TEXT", text, StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    private static Task<HttpResponseMessage> PostAsync(ApiHost api, string key, string text) => api.Client.SendAsync(Request(key, text));

    /// <summary>Time passes: the lease of a post under the key is over. Where its record was written a worker has met it.</summary>
    private static async Task<Guid> EndLeaseAsync(ApiHost api, string key, bool written)
    {
        var id = api.Get<Producer.Api.Ids.MailId>().Derive(Producer.Api.Security.ApiKeyAuthentication.Anonymous, key);
        await ExecuteAsync(api, $"UPDATE email.idempotency_keys SET lease_until = now() - interval '1 s' WHERE key_id = '{id}'");
        if (written)
        {
            var value = Contracts.SendEmailJson.Serialize(Contracts.SendEmailJson.Deserialize(System.Text.Encoding.UTF8.GetBytes(Mail.Replace("TEXT", "same", StringComparison.Ordinal))));
            await new Store(api.Services).ClaimAsync(id, value);
        }

        return id;
    }

    private static async Task ExecuteAsync(ApiHost api, string sql)
    {
        await using var command = api.Get<Npgsql.NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
