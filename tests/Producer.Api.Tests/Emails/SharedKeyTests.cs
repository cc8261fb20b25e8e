using System.Net;
using MassTransit;

namespace Producer.Api.Tests.Emails;

/// <summary>One Idempotency-Key, many posts, two instances on one database.</summary>
public class SharedKeyTests
{
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"TEXT"}""";
    private const string Timed = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t","scheduled_at":"in 1 hour"}""";
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
        await MeetAsync(api, api.Queue.Mails.Single());
        await ExpireAsync(api);
        if (swept)
            (await api.Get<Persistence.Idempotency.IdempotencyStore>().SweepAsync(100)).ShouldBeGreaterThan(0);

        var again = await PostAsync(api, key, same ? "one" : "another");
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var second = (await again.JsonAsync()).GetProperty("id").GetGuid();
        second.ShouldNotBe(first);
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
    }

    [Test]
    public async Task A_key_that_is_used_again_by_a_post_that_dies_with_its_reservation_does_not_name_the_mail_of_before([Values] bool same)
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        var first = await UsedBeforeAsync(api, key, "one");
        var text = same ? "one" : "another";
        await ReserveAndDieAsync(api, key, text);

        var again = await PostAsync(api, key, text);
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        var second = (await again.JsonAsync()).GetProperty("id").GetGuid();
        second.ShouldNotBe(first);
        api.Queue.Mails.Count(mail => mail.Id == second).ShouldBe(1);
    }

    [Test]
    public async Task Other_content_than_that_of_the_known_mail_is_refused_also_where_a_post_of_it_died_with_its_reservation()
    {
        await using var api = await StartAsync();
        await using var blind = await StartBlindAsync();
        var key = Guid.NewGuid().ToString();
        var id = (await (await PostAsync(blind, key, "one")).JsonAsync()).GetProperty("id").GetGuid();
        await MeetAsync(api, blind.Queue.Mails.Single());
        await ReserveAndDieAsync(api, key, "another");

        await (await PostAsync(api, key, "another")).ProblemAsync(409, "idempotency_key_reused");
        api.Queue.Mails.ShouldBeEmpty();
    }

    [Test]
    public async Task What_Kafka_refused_leaves_a_key_that_had_expired_free_for_other_content_under_another_id()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        var first = (await (await PostAsync(api, key, "one")).JsonAsync()).GetProperty("id").GetGuid();
        await ExpireAsync(api);
        api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "away");
        await (await PostAsync(api, key, "second")).ProblemAsync(503, "not_accepted");
        api.Queue.Before = _ => Task.CompletedTask;

        var accepted = await PostAsync(api, key, "third");
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        // No worker has read the first one yet.
        (await accepted.JsonAsync()).GetProperty("id").GetGuid().ShouldNotBe(first);
    }

    [Test]
    public async Task A_key_of_a_batch_that_has_expired_is_swept_and_names_other_mails_when_it_is_used_again()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        var first = Ids(await (await PostBatchAsync(api, key, "one", "two")).JsonAsync());
        foreach (var mail in api.Queue.Mails)
            await MeetAsync(api, mail);
        await ExpireAsync(api);
        (await api.Get<Persistence.Idempotency.IdempotencyStore>().SweepAsync(100)).ShouldBeGreaterThan(0);

        var again = await PostBatchAsync(api, key, "one", "two");
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        Ids(await again.JsonAsync()).Intersect(first).ShouldBeEmpty();
    }

    [Test]
    public async Task A_batch_that_was_left_in_the_middle_goes_on_also_where_a_worker_has_met_its_first_mail()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        api.Queue.Before = _ => api.Queue.Mails.Count == 1 ? throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "lost") : Task.CompletedTask;
        await PostBatchAsync(api, key, "one", "two");
        api.Queue.Before = _ => Task.CompletedTask;
        await MeetAsync(api, api.Queue.Mails.Single());

        var ids = Ids(await (await PostBatchAsync(api, key, "one", "two")).JsonAsync());
        ids.Count.ShouldBe(2);
        api.Queue.Mails.Select(mail => mail.Id).Distinct().ShouldBe(ids, ignoreOrder: true);
    }

    [Test]
    public async Task A_mail_of_a_batch_that_was_not_accepted_is_never_said_to_be_by_a_repeated_post()
    {
        await using var generous = await ApiHost.StartOnAsync(_database, ("Api:MaxMailBytes", "4000"));
        await using var strict = await ApiHost.StartOnAsync(_database, ("Api:MaxMailBytes", "1024"));
        var key = Guid.NewGuid().ToString();
        var accepted = await (await PostBatchAsync(strict, key, "one", new string('x', 2_000))).JsonAsync();
        Ids(accepted).Count.ShouldBe(1);

        await (await PostBatchAsync(generous, key, "one", new string('x', 2_000))).ProblemAsync(409, "idempotency_key_reused");
        generous.Queue.Mails.ShouldBeEmpty();
    }

    [Test]
    public async Task A_key_whose_mail_no_worker_has_read_is_not_swept()
    {
        await using var api = await StartAsync();
        await PostAsync(api, Guid.NewGuid().ToString(), "one");
        await ExecuteAsync(api, "DELETE FROM email.idempotency_keys WHERE acknowledged_at IS NULL");
        await ExpireAsync(api);
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
        await using var api = await StartBlindAsync();

        var first = (await (await PostAsync(api, "key", "one")).JsonAsync()).GetProperty("id").GetGuid();
        (await (await PostAsync(api, "key", "one")).JsonAsync()).GetProperty("id").GetGuid().ShouldBe(first);
    }

    [TestCase("/emails", Timed)]
    [TestCase("/emails/batch", $"[{Timed}]")]
    public async Task Without_Postgres_a_time_that_counts_from_now_is_refused_under_a_key_also_where_the_options_accept(string path, string body)
    {
        await using var api = await StartBlindAsync();

        await (await api.PostAsync(path, body, ("Idempotency-Key", "key"))).ProblemAsync(503, "idempotency_unavailable");
        api.Queue.Mails.ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_whose_time_counts_from_now_is_known_by_that_of_its_first_post()
    {
        await using var api = await StartAsync();
        var key = Guid.NewGuid().ToString();
        api.Queue.Before = _ => api.Queue.Mails.Count == 0 ? Task.CompletedTask : throw new InvalidOperationException("It is produced once.");
        var id = (await (await api.PostAsync("/emails", Timed, ("Idempotency-Key", key))).JsonAsync()).GetProperty("id").GetGuid();
        await ExecuteAsync(api, $"UPDATE email.idempotency_keys SET acknowledged_at = NULL, lease_until = now() - interval '1 s' WHERE key_id = '{id}'");
        await MeetAsync(api, api.Queue.Mails.Single());

        var again = await api.PostAsync("/emails", Timed, ("Idempotency-Key", key));
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(id);
    }

    [Test]
    public async Task Where_Postgres_is_in_others_hands_for_too_long_a_key_is_unavailable_and_what_Kafka_has_is_accepted()
    {
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();
        await using (var owner = await ApiHost.StartOnAsync(database))
        {
            await using var api = await ApiHost.StartAsync(("Database:ConnectionString", $"{database};Options=-c lock_timeout=50ms"));
            Npgsql.NpgsqlConnection? locks = null;
            api.Queue.Before = async _ => locks = await LockAsync(owner);
            (await PostAsync(api, "key", "one")).StatusCode.ShouldBe(HttpStatusCode.Accepted);

            await (await PostAsync(api, "other", "one")).ProblemAsync(503, "idempotency_unavailable");
            await (await api.GetAsync("/emails")).ProblemAsync(503, "database_unavailable");
            await locks!.DisposeAsync();
        }
    }

    [Test]
    public async Task Posts_that_wait_for_Postgres_keep_those_without_a_key_from_nothing()
    {
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();
        await using var api = await ApiHost.StartOnAsync(database, ("Api:MaxConcurrentPosts", "1"), ("Api:AcceptTimeout", "00:05:00"));
        Task<HttpResponseMessage> waits;
        await using (await LockAsync(api))
        {
            waits = PostAsync(api, "key", "one");
            await Eventually.Until(
                async () => (int)(await PostAsync(api, "other", "one")).StatusCode == 503, Eventually.DefaultDeadline, "the key's place is taken");
            (await api.PostAsync("/emails", Mail)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        (await waits).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task What_was_accepted_without_Postgres_is_known_once_a_worker_has_met_it()
    {
        await using var api = await StartAsync();
        await using var blind = await StartBlindAsync();
        var key = Guid.NewGuid().ToString();
        var id = (await (await PostAsync(blind, key, "one")).JsonAsync()).GetProperty("id").GetGuid();
        await MeetAsync(api, blind.Queue.Mails.Single());

        await (await PostAsync(api, key, "another")).ProblemAsync(409, "idempotency_key_reused");
        var again = await PostAsync(api, key, "one");
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(id);
    }

    /// <summary>An instance that Postgres is away for, and that accepts all the same.</summary>
    private static Task<ApiHost> StartBlindAsync() =>
        ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres), ("Api:IdempotencyWithoutDatabase", "Accept"));

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
        var id = IdOf(api, key);
        await ExecuteAsync(api, $"UPDATE email.idempotency_keys SET lease_until = now() - interval '1 s' WHERE key_id = '{id}'");
        if (written)
            await new Store(api.Services).ClaimAsync(id, Content("same"));
        return id;
    }

    /// <summary>A mail was sent under the key, which has expired since and was removed.</summary>
    private static async Task<Guid> UsedBeforeAsync(ApiHost api, string key, string text)
    {
        var id = (await (await PostAsync(api, key, text)).JsonAsync()).GetProperty("id").GetGuid();
        await MeetAsync(api, api.Queue.Mails.Single(mail => mail.Id == id));
        await ExpireAsync(api);
        await ExecuteAsync(api, $"DELETE FROM email.idempotency_keys WHERE key_id = '{id}'");
        return id;
    }

    /// <summary>As a post leaves it whose process dies right after the statement; the lease is over.</summary>
    private static async Task ReserveAndDieAsync(ApiHost api, string key, string text)
    {
        await api.Get<Persistence.Idempotency.IdempotencyStore>().ReserveAsync(
            IdOf(api, key), System.Security.Cryptography.SHA256.HashData(Content(text)), TimeSpan.Zero, TimeSpan.FromDays(1), api.Get<Producer.Api.Ids.MailId>().New());
    }

    /// <summary>A worker has read the mail's record.</summary>
    private static async Task MeetAsync(ApiHost api, QueuedMail mail) => await new Store(api.Services).ClaimAsync(mail.Id, Contracts.SendEmailJson.Serialize(mail.Mail));

    private static Guid IdOf(ApiHost api, string key) => api.Get<Producer.Api.Ids.MailId>().Derive(Producer.Api.Security.ApiKeyAuthentication.Anonymous, key);

    private static byte[] Content(string text) =>
        Contracts.SendEmailJson.Serialize(Contracts.SendEmailJson.Deserialize(System.Text.Encoding.UTF8.GetBytes(Mail.Replace("TEXT", text, StringComparison.Ordinal))));

    /// <summary>Time passes: a day for the keys, and for the mails an hour more.</summary>
    private static async Task ExpireAsync(ApiHost api)
    {
        await ExecuteAsync(api, "UPDATE email.idempotency_keys SET expires_at = now() - interval '1 s', lease_until = now() - interval '1 s'");
        await ExecuteAsync(api, "UPDATE email.mails SET created_at = created_at - interval '25 hours'");
    }

    /// <summary>A transaction that has what posts and reads need, until it is disposed of.</summary>
    private static async Task<Npgsql.NpgsqlConnection> LockAsync(ApiHost api)
    {
        var connection = await api.Get<Npgsql.NpgsqlDataSource>().OpenConnectionAsync();
        await using var command = new Npgsql.NpgsqlCommand("BEGIN; LOCK TABLE email.idempotency_keys, email.mails IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static Task<HttpResponseMessage> PostBatchAsync(ApiHost api, string key, params string[] texts) => api.PostAsync(
        "/emails/batch", $"[{string.Join(',', texts.Select(text => Mail.Replace("TEXT", text, StringComparison.Ordinal)))}]", ("Idempotency-Key", key), ("x-batch-validation", "permissive"));

    private static List<Guid> Ids(System.Text.Json.JsonElement batch) => [.. batch.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];

    private static async Task ExecuteAsync(ApiHost api, string sql)
    {
        await using var command = api.Get<Npgsql.NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
