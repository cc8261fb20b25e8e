using System.Net.Http.Headers;
using System.Text;
using MassTransit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Producer.Api.Emails;

namespace Producer.Api.Tests.Problems;

/// <summary>Errors have one form whoever asks, and however the request came.</summary>
public class ProblemFormTests
{
    private const string Key = "0123456789abcdef-the-key";
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private readonly LogLines _log = new();
    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() =>
        _api = await ApiHost.StartAsync([], services => services.AddSingleton<ILoggerProvider>(_log));

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _api.DisposeAsync();
        _log.Dispose();
    }

    [TestCase("text/html,application/xhtml+xml,application/xml;q=0.9")]
    [TestCase("text/plain")]
    [TestCase("image/png")]
    [TestCase("application/json")]
    [TestCase("nonsense")]
    public async Task Whatever_Accept_says_a_problem_is_told(string accept)
    {
        await (await _api.GetAsync("/nowhere", ("Accept", accept))).ProblemAsync(404, "not_found");
        await (await _api.GetAsync("/emails/0190b0a0-0000-7000-8000-000000000000/cancel", ("Accept", accept))).ProblemAsync(405, "method_not_allowed");
        await (await _api.PostAsync("/emails", "{", ("Accept", accept))).ProblemAsync(400, "invalid_json");
        _api.Queue.Before = _ => throw new KafkaProduceException("email.send", ProduceOutcome.NotWritten, "broker away");
        try
        {
            var response = await _api.PostAsync("/emails", Mail, ("Accept", accept));
            await response.ProblemAsync(503, "not_accepted");
            response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        }
        finally
        {
            _api.Queue.Before = _ => Task.CompletedTask;
        }
    }

    [Test]
    public async Task A_problem_says_the_same_by_the_names_that_clients_of_Resend_look_for()
    {
        var problem = await (await _api.GetAsync("/nowhere")).ProblemAsync(404, "not_found");

        problem.GetProperty("name").GetString().ShouldBe("not_found");
        problem.GetProperty("message").GetString().ShouldBe(problem.GetProperty("detail").GetString());
        problem.GetProperty("statusCode").GetInt32().ShouldBe(404);
    }

    [Test]
    public async Task The_trace_id_of_a_problem_is_in_the_log()
    {
        var problem = await (await _api.PostAsync("/emails", "{")).ProblemAsync(400, "invalid_json");

        _log.Lines.ShouldContain(line => line.Text.Contains(problem.GetProperty("trace_id").GetString()!, StringComparison.Ordinal) && line.Text.Contains("invalid_json", StringComparison.Ordinal));
    }

    [TestCase("gzip")]
    [TestCase("br")]
    [TestCase("deflate, gzip")]
    public async Task A_compressed_body_is_refused_with_what_would_be_taken(string encoding)
    {
        using var content = new StringContent(Mail, Encoding.UTF8, "application/json");
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        var response = await _api.Client.PostAsync("/emails", content);
        await response.ProblemAsync(415, "unsupported_content_encoding");
        response.Headers.GetValues("Accept-Encoding").ShouldBe(["identity"]);
    }

    [TestCase(new byte[] { 0xef, 0xbb, 0xbf })]
    [TestCase(new byte[] { 0xff, 0xfe })]
    [TestCase(new byte[] { 0xfe, 0xff })]
    public async Task A_byte_order_mark_is_named(byte[] mark)
    {
        using var content = new ByteArrayContent([.. mark, .. Encoding.UTF8.GetBytes(Mail)]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        (await (await _api.Client.PostAsync("/emails", content)).ProblemAsync(400, "invalid_json")).GetProperty("detail").GetString()!.ShouldContain("byte order mark");
    }

    [TestCase("/emails")]
    [TestCase("/failures/0190b0a0-0000-7000-8000-000000000000/replay")]
    [TestCase("/failures/0190b0a0-0000-7000-8000-000000000000/discard")]
    [TestCase("/failures/0190b0a0-0000-7000-8000-000000000000/edit")]
    [TestCase("/operations")]
    public async Task A_charset_that_nobody_knows_is_a_type_that_is_not_taken(string path)
    {
        foreach (var charset in new[] { "utf-99", "iso-8859-1", "\"\"", "utf-16" })
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Mail));
            content.Headers.TryAddWithoutValidation("Content-Type", $"application/json; charset={charset}");

            await (await _api.Client.PostAsync(path, content)).ProblemAsync(415, "unsupported_media_type");
        }
    }

    [Test]
    public async Task A_body_that_breaks_off_or_has_bad_chunks_is_the_caller_s_error() =>
        await Failing(new IOException("Bad chunk size data."), 400, "unreadable_body");

    [Test]
    public async Task A_body_that_comes_too_slowly_times_out() =>
        await Failing(new BadHttpRequestException("Reading the request body timed out.", StatusCodes.Status408RequestTimeout), 408, "request_timeout");

    [Test]
    public async Task Who_goes_away_is_not_worked_for()
    {
        using var caller = new CancellationTokenSource();
        var context = new DefaultHttpContext();
        (context.Request.ContentType, context.Request.Body) = ("application/json", new BodyOf(Encoding.UTF8.GetBytes(Mail), caller.Cancel));

        await Should.ThrowAsync<OperationCanceledException>(() => MailBody.ReadAsync(context.Request, 1_000, DateTimeOffset.UtcNow, caller.Token).AsTask());
    }

    [TestCase(1_000)]
    [TestCase(50_000)]
    public async Task An_answer_is_not_many_times_the_request(int count)
    {
        var before = "{" + string.Concat(Enumerable.Range(0, count).Select(i => $"\"f{i}\":1,")) + "\"z\":1}";

        var response = await _api.PostAsync("/emails", before);
        await response.ProblemAsync(422, "validation_failed");
        (await response.Content.ReadAsByteArrayAsync()).Length.ShouldBeLessThan(50_000);
    }

    [TestCase("/health/live", 200)]
    [TestCase("/openapi/v1.json", 200)]
    [TestCase("/emails/0190b0a0-0000-7000-8000-000000000000", 404)]
    [TestCase("/failures", 200)]
    [TestCase("/emails", 200)]
    [TestCase("/emails/0190b0a0-0000-7000-8000-000000000000/cancel", 405)]
    public async Task HEAD_is_GET_without_a_body(string path, int status)
    {
        var response = await _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType.ShouldNotBeNull();
        (await response.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Test]
    public async Task Allow_names_HEAD_where_there_is_GET()
    {
        var response = await _api.PostAsync("/failures", "{}");

        await response.ProblemAsync(405, "method_not_allowed");
        response.Content.Headers.Allow.ShouldBe(["GET", "HEAD"]);
    }

    [TestCase("/health/live")]
    [TestCase("/nowhere")]
    [TestCase("/failures")]
    [TestCase("/failures?limit=x")]
    [TestCase("/openapi/v1.json")]
    public async Task No_response_is_sniffed_or_stored(string path)
    {
        var response = await _api.GetAsync(path);

        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.CacheControl!.ToString().ShouldBe("no-store");
        response.Headers.Contains("Server").ShouldBeFalse();
    }

    [Test]
    public async Task A_wrong_key_and_a_missing_one_have_different_words()
    {
        await using var api = await ApiHost.StartAsync(("Api:Key", Key));

        (await (await api.GetAsync("/failures")).ProblemAsync(401, "unauthorized")).GetProperty("detail").GetString()!.ShouldContain("No key was sent");
        (await (await api.GetAsync("/failures", ("X-Api-Key", Key + "x"))).ProblemAsync(401, "unauthorized")).GetProperty("detail").GetString()!.ShouldContain("not a valid key");
    }

    [Test]
    public void Nothing_is_reported_to_the_makers_of_MassTransit()
    {
        var api = ApiHost.Build([("Database:ConnectionString", ApiHost.NoPostgres)], _ => { }, KafkaQueue.AddKafkaQueue);

        api.Services.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled.ShouldBeFalse();
    }

    private async Task Failing(Exception exception, int status, string code)
    {
        var context = await _api.SendAsync(request =>
        {
            (request.Method, request.Path, request.ContentType, request.Body) = (HttpMethods.Post, "/emails", "application/json", new BodyOf([], () => throw exception));
            request.Headers.TransferEncoding = "chunked";
        });

        context.Response.StatusCode.ShouldBe(status);
        using var reader = new StreamReader(context.Response.Body);
        (await reader.ReadToEndAsync()).ShouldContain($"\"code\":\"{code}\"");
    }

    /// <summary>A body; something happens when it is read.</summary>
    private sealed class BodyOf(byte[] bytes, Action onRead) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            onRead();
            return new ValueTask<int>(Read(buffer.Span));
        }
    }
}
