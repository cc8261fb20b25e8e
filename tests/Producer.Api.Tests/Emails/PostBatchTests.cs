using System.Net;
using System.Text.Json;
using MassTransit;

namespace Producer.Api.Tests.Emails;

public class PostBatchTests
{
    private const string Good = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";
    private const string Bad = """{"from":"a@example.com","to":"b@","subject":"s"}""";

    private ApiHost _api = null!;

    [SetUp]
    public async Task Start() => _api = await ApiHost.StartAsync();

    [TearDown]
    public async Task Stop() => await _api.DisposeAsync();

    private Task<HttpResponseMessage> PostAsync(string batch, params (string, string)[] headers) => _api.PostAsync("/emails/batch", batch, headers);

    private static string Batch(params string[] mails) => $"[{string.Join(',', mails)}]";

    private static List<Guid> Ids(JsonElement batch) => [.. batch.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];

    [Test]
    public async Task A_hundred_mails_are_accepted_in_their_order_each_with_an_id_of_its_own()
    {
        var mails = Enumerable.Range(0, 100).Select(n => Good.Replace("\"s\"", $"\"{n}\"", StringComparison.Ordinal).Replace("}", ",\"ordering_key\":\"k\"}", StringComparison.Ordinal)).ToArray();

        var response = await PostAsync(Batch(mails));
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var ids = Ids(await response.JsonAsync());
        ids.Distinct().Count().ShouldBe(100);
        _api.Queue.Mails.Select(mail => mail.Mail.Subject).ShouldBe(Enumerable.Range(0, 100).Select(n => $"{n}"), "mails of one key keep their order");
        _api.Queue.Mails.Select(mail => mail.Id).ShouldBe(ids);
    }

    [TestCase(null)]
    [TestCase("strict")]
    public async Task Strictly_one_mail_that_is_not_valid_refuses_all(string? validation)
    {
        var problem = await (validation is null ? await PostAsync(Batch(Good, Bad, "1")) : await PostAsync(Batch(Good, Bad, "1"), ("x-batch-validation", validation)))
            .ProblemAsync(422, "validation_failed");

        problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("index")} {error.GetProperty("field")} {error.GetProperty("code")}")
            .ShouldBe(["1 [1].to invalid_address", "1 [1].text required", "2 [2] wrong_type"]);
        _api.Queue.Mails.ShouldBeEmpty();
    }

    [Test]
    public async Task Permissively_the_others_are_accepted_and_those_that_are_not_are_named()
    {
        var response = await PostAsync(Batch(Bad, Good, Good), ("x-batch-validation", "permissive"));

        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var batch = await response.JsonAsync();
        batch.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("index").GetInt32()).ShouldBe([1, 2]);
        batch.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("index").GetInt32()).Distinct().ShouldBe([0]);
        _api.Queue.Mails.Count.ShouldBe(2);
    }

    [TestCase("{}", "wrong_type")]
    [TestCase("[]", "empty")]
    [TestCase("101", "too_many")]
    public async Task What_is_not_a_batch_is_refused(string batch, string code)
    {
        var problem = await (await PostAsync(batch == "101" ? Batch([.. Enumerable.Repeat("1", 101)]) : batch)).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe(code);
    }

    [Test]
    public async Task A_batch_that_is_not_JSON_and_a_mode_that_does_not_exist_are_refused()
    {
        await (await PostAsync("[")).ProblemAsync(400, "invalid_json");
        await (await PostAsync(Batch(Good), ("x-batch-validation", "loose"))).ProblemAsync(400, "invalid_request");
    }

    [Test]
    public async Task One_key_is_for_the_whole_batch_and_a_repeated_post_is_the_same_mails()
    {
        var key = Guid.NewGuid().ToString();
        var ids = Ids(await (await PostAsync(Batch(Good, Good), ("Idempotency-Key", key))).JsonAsync());

        var again = await PostAsync(Batch(Good, Good), ("Idempotency-Key", key));
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        Ids(await again.JsonAsync()).ShouldBe(ids);
        _api.Queue.Mails.Count.ShouldBe(2);
        await (await PostAsync(Batch(Good), ("Idempotency-Key", key))).ProblemAsync(409, "idempotency_key_reused");
        await (await _api.PostAsync("/emails", Good, ("Idempotency-Key", key))).ProblemAsync(409, "idempotency_key_reused");
    }

    [Test]
    public async Task Where_Kafka_takes_a_part_each_mail_is_acknowledged_or_named_as_not_and_the_same_batch_goes_on_under_the_same_ids()
    {
        var key = Guid.NewGuid().ToString();
        var calls = 0;
        _api.Queue.Before = _ => Interlocked.Increment(ref calls) == 2 ? throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "lost") : Task.CompletedTask;

        var problem = await (await PostAsync(Batch(Good, Good, Good), ("Idempotency-Key", key))).ProblemAsync(503, "partly_accepted");
        var accepted = Ids(problem);
        accepted.Count.ShouldBe(2);
        var lost = problem.GetProperty("errors").EnumerateArray().Single();
        lost.GetProperty("code").GetString().ShouldBe("outcome_unknown");

        _api.Queue.Before = _ => Task.CompletedTask;
        var ids = Ids(await (await PostAsync(Batch(Good, Good, Good), ("Idempotency-Key", key))).JsonAsync());
        ids.ShouldBe(accepted.Append(lost.GetProperty("id").GetGuid()), ignoreOrder: true);
    }

    [Test]
    public async Task Behind_a_mail_that_Kafka_did_not_take_none_of_its_ordering_key_is_produced_out_of_turn([Values] ProduceOutcome outcome)
    {
        var before = _api.Queue.Mails.Count;
        var calls = 0;
        _api.Queue.Before = _ => Interlocked.Increment(ref calls) == 2 ? throw new KafkaProduceException("email.send", outcome, "no leader") : Task.CompletedTask;
        var ordered = Good.Replace("{", """{"ordering_key":"k",""", StringComparison.Ordinal);

        var problem = await (await PostAsync(Batch(ordered, ordered, ordered, ordered))).ProblemAsync(503, "partly_accepted");

        Ids(problem).Count.ShouldBe(1);
        problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("code").GetString())
            .ShouldBe([outcome == ProduceOutcome.Unknown ? "outcome_unknown" : "not_accepted", "not_accepted", "not_accepted"]);
        _api.Queue.Mails.Count.ShouldBe(before + 1);
    }

    [Test]
    public async Task A_mail_that_is_too_large_for_Kafka_holds_up_none_behind_it()
    {
        var calls = 0;
        _api.Queue.Before = _ => Interlocked.Increment(ref calls) == 1 ? throw new KafkaRecordTooLargeException("email.send", "too large") : Task.CompletedTask;
        var ordered = Good.Replace("{", """{"ordering_key":"k",""", StringComparison.Ordinal);

        var problem = await (await PostAsync(Batch(ordered, ordered))).ProblemAsync(503, "partly_accepted");

        Ids(problem).Count.ShouldBe(1);
        problem.GetProperty("errors").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe("too_large");
    }

    [Test]
    public async Task Where_Kafka_takes_nothing_the_batch_is_not_accepted()
    {
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "away");

        await (await PostAsync(Batch(Good, Good), ("x-batch-validation", "permissive"))).ProblemAsync(503, "not_accepted");
    }
}
