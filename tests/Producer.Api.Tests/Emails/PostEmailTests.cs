using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Producer.Api.Tests.Emails;

public class PostEmailTests
{
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync(("Api:MaxMailBytes", "2000"));

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TearDown]
    public void Heal() => _api.Queue.Before = _ => Task.CompletedTask;

    [Test]
    public async Task A_valid_mail_is_queued_under_the_id_that_is_answered()
    {
        var response = await _api.PostAsync("/emails", Mail);

        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var id = (await response.JsonAsync()).GetProperty("id").GetGuid();
        response.Headers.Location.ShouldBe(new Uri($"/emails/{id}", UriKind.Relative));
        var queued = _api.Queue.Mails.Single(mail => mail.Id == id);
        queued.Key.ShouldBe(id.ToString());
        queued.Mail.Subject.ShouldBe("s");
    }

    [Test]
    public async Task The_ordering_key_becomes_the_key()
    {
        var response = await _api.PostAsync("/emails", """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t","ordering_key":"order-7"}""");

        var id = (await response.JsonAsync()).GetProperty("id").GetGuid();
        _api.Queue.Mails.Single(mail => mail.Id == id).Key.ShouldBe("order-7");
    }

    [Test]
    public async Task A_mail_that_is_not_valid_is_refused_with_every_field_that_is_wrong()
    {
        var before = _api.Queue.Mails.Count;
        var response = await _api.PostAsync("/emails", """{"from":"nobody","to":["b@example.com","c@"],"scheduled_at":"2030-01-01T00:00:00","text":"t"}""");

        var problem = await response.ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("field")}: {error.GetProperty("code")}")
            .ShouldBe(["scheduled_at: invalid_time", "from: invalid_address", "to[1]: invalid_address", "subject: required"]);
        _api.Queue.Mails.Count.ShouldBe(before);
    }

    private static string WithAttachment(string filename, string content) =>
        Mail.Replace("\"t\"", $$"""
            "t","attachments":[{"filename":"{{filename}}","content":"{{content}}"}]
            """, StringComparison.Ordinal);

    [Test]
    public async Task Malformed_JSON_is_refused_with_its_position()
    {
        var problem = await (await _api.PostAsync("/emails", "{\n  \"from\": oops\n}")).ProblemAsync(400, "invalid_json");

        problem.GetProperty("line").GetInt64().ShouldBe(2);
        problem.GetProperty("position").GetInt64().ShouldBe(11);
    }

    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("")]
    [TestCase("\"mail\"")]
    public async Task A_body_that_is_no_JSON_object_is_refused(string body) =>
        await (await _api.PostAsync("/emails", body)).ProblemAsync(400, "invalid_json");

    [Test]
    public async Task Bytes_that_are_no_UTF8_are_refused()
    {
        var content = new ByteArrayContent([.. Encoding.UTF8.GetBytes(Mail[..^2]), 0xFF, 0xFE, .. "\"}"u8.ToArray()]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var problem = await (await _api.Client.PostAsync("/emails", content)).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors")[0].GetProperty("code").GetString().ShouldBe("invalid_text");
    }

    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("application/json; charset=iso-8859-1")]
    [TestCase(null)]
    public async Task Another_content_type_than_JSON_is_refused(string? contentType)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Mail));
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);

        await (await _api.Client.PostAsync("/emails", content)).ProblemAsync(415, "unsupported_media_type");
    }

    [Test]
    public async Task A_mail_past_the_limit_is_refused()
    {
        var large = Mail.Replace("\"t\"", $"\"{new string('x', 2000)}\"", StringComparison.Ordinal);
        var problem = await (await _api.PostAsync("/emails", large)).ProblemAsync(413, "too_large");

        problem.GetProperty("detail").GetString()!.ShouldContain("2000");
        problem.GetProperty("limit").GetInt32().ShouldBe(2000);
    }

    [Test]
    public async Task Attachments_come_into_the_topic_byte_for_byte_and_count_towards_the_limit()
    {
        byte[] file = [.. Enumerable.Range(0, 1000).Select(number => (byte)number)];
        var attached = WithAttachment("report.pdf", Convert.ToBase64String(file));

        var id = (await (await _api.PostAsync("/emails", attached)).JsonAsync()).GetProperty("id").GetGuid();
        var queued = _api.Queue.Mails.Single(mail => mail.Id == id).Mail.Attachments.ShouldHaveSingleItem();
        queued.Filename.ShouldBe("report.pdf");
        queued.Content!.Value.ToArray().ShouldBe(file);

        var problem = await (await _api.PostAsync("/emails", WithAttachment("report.pdf", Convert.ToBase64String([.. file, .. file])))).ProblemAsync(413, "too_large");
        problem.GetProperty("limit").GetInt32().ShouldBe(2000);
    }

    [Test]
    public async Task What_is_wrong_with_an_attachment_is_said_field_by_field()
    {
        var problem = await (await _api.PostAsync("/emails", WithAttachment("../report.pdf", "no base64!"))).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("field")}: {error.GetProperty("code")}")
            .ShouldBe(["attachments[0].content: invalid_base64"]);
        problem = await (await _api.PostAsync("/emails", WithAttachment("../report.pdf", ""))).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors")[0].GetProperty("field").GetString().ShouldBe("attachments[0].filename");
    }

    [Test]
    public async Task A_mail_without_a_length_is_measured_while_it_is_read()
    {
        var large = Mail.Replace("\"t\"", $"\"{new string('x', 2000)}\"", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/emails") { Content = new StringContent(large, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;

        await (await _api.Client.SendAsync(request)).ProblemAsync(413, "too_large");
    }

    [Test]
    public async Task A_mail_that_grows_past_the_limit_in_Kafka_is_refused()
    {
        var growing = Mail.Replace("\"t\"", $"\"{string.Concat(Enumerable.Repeat("🎉", 400))}\"", StringComparison.Ordinal);
        Encoding.UTF8.GetByteCount(growing).ShouldBeLessThan(2000);

        await (await _api.PostAsync("/emails", growing)).ProblemAsync(413, "too_large");
    }

    [Test]
    public async Task What_Kafka_surely_did_not_take_is_not_accepted()
    {
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "broker away");

        var response = await _api.PostAsync("/emails", Mail);
        await response.ProblemAsync(503, "not_accepted");
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Test]
    public async Task What_Kafka_may_have_taken_is_unknown_and_names_the_mail()
    {
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "acknowledgement lost");

        var problem = await (await _api.PostAsync("/emails", Mail)).ProblemAsync(503, "outcome_unknown");
        problem.GetProperty("id").GetGuid().ShouldNotBe(Guid.Empty);
    }

    [Test]
    public async Task A_record_larger_than_Kafka_takes_is_too_large()
    {
        _api.Queue.Before = _ => throw new KafkaRecordTooLargeException("email.send", "too large");

        await (await _api.PostAsync("/emails", Mail)).ProblemAsync(413, "too_large");
    }

    [Test]
    public async Task A_Kafka_that_hangs_is_answered_for_within_the_configured_time()
    {
        var timeProvider = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var api = await ApiHost.StartAsync([("Api:AcceptTimeout", "00:00:03")], services => services.AddSingleton<TimeProvider>(timeProvider));
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Queue.Before = cancellationToken =>
        {
            hangs.SetResult();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        };

        var answer = api.PostAsync("/emails", Mail);
        await hangs.Task.WaitAsync(Deadline);
        timeProvider.Advance(TimeSpan.FromSeconds(2));
        answer.IsCompleted.ShouldBeFalse();
        timeProvider.Advance(TimeSpan.FromSeconds(1));

        await (await answer.WaitAsync(Deadline)).ProblemAsync(503, "outcome_unknown");
    }

    [Test]
    public async Task A_caller_who_goes_away_does_not_take_the_mail_back()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _api.Queue.Before = async _ =>
        {
            entered.SetResult();
            await released.Task;
        };
        var subject = Guid.NewGuid().ToString();
        using var canceling = new CancellationTokenSource();
        var post = _api.Client.PostAsync(
            "/emails", new StringContent(Mail.Replace("\"s\"", $"\"{subject}\"", StringComparison.Ordinal), Encoding.UTF8, "application/json"), canceling.Token);
        await entered.Task;
        await canceling.CancelAsync();

        released.SetResult();

        await Should.ThrowAsync<OperationCanceledException>(() => post);

        await Eventually.Until(() => _api.Queue.Mails.Any(mail => mail.Mail.Subject == subject), within: null, "the mail is queued");
    }

    [Test]
    public async Task More_posts_at_once_than_allowed_are_turned_away()
    {
        await using var api = await ApiHost.StartAsync(("Api:MaxConcurrentPosts", "1"));
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Queue.Before = async _ =>
        {
            entered.TrySetResult();
            await released.Task;
        };
        var first = api.PostAsync("/emails", Mail);
        await entered.Task;

        var second = await api.PostAsync("/emails", Mail);
        await second.ProblemAsync(503, "overloaded");
        second.Headers.RetryAfter.ShouldNotBeNull();

        released.SetResult();
        (await first).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [TestCase("/emails", Mail)]
    [TestCase("/emails/batch", $"[{Mail}]")]
    public async Task A_post_whose_body_comes_slowly_keeps_nobody_out(string path, string body)
    {
        await using var api = await ApiHost.StartAsync(("Api:MaxConcurrentPosts", "1"));
        var pipe = new System.IO.Pipelines.Pipe();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(body[..10]));
        using var content = new StreamContent(pipe.Reader.AsStream());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var slow = api.Client.PostAsync(path, content);

        for (var i = 0; i < 3; i++)
            (await api.PostAsync(path, body)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        slow.IsCompleted.ShouldBeFalse();
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(body[10..]));
        await pipe.Writer.CompleteAsync();
        (await slow.WaitAsync(Deadline)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task Mails_are_accepted_while_Postgres_is_away()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        (await api.PostAsync("/emails", Mail)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        api.Queue.Mails.Count.ShouldBe(1);
    }

    [Test]
    public async Task Unknown_paths_and_methods_are_problems_too()
    {
        await (await _api.GetAsync("/nowhere")).ProblemAsync(404, "not_found");
        var wrongMethod = await _api.GetAsync($"/emails/{Guid.NewGuid()}/cancel");
        await wrongMethod.ProblemAsync(405, "method_not_allowed");
        wrongMethod.Content.Headers.Allow.ShouldBe(["POST"]);
    }

    [Test]
    public async Task Answers_are_in_snake_case()
    {
        using var document = JsonDocument.Parse(await (await _api.GetAsync($"/emails/{(await (await _api.PostAsync("/emails", Mail)).JsonAsync()).GetProperty("id")}")).Content.ReadAsStringAsync());

        document.RootElement.GetProperty("accepted_at").GetDateTimeOffset().ShouldBeGreaterThan(DateTimeOffset.UnixEpoch);
    }
}
