using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Producer.Api.Tests.Problems;

/// <summary>Bytes that are not UTF-8 are their sender's error, in whatever they stand.</summary>
public class BadBytesTests
{
    private const string Good = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private ApiHost _api = null!;

    [SetUp]
    public async Task Start() => _api = await ApiHost.StartAsync();

    [TearDown]
    public async Task Stop() => await _api.DisposeAsync();

    // ÿ stands for the byte 0xFF.
    [TestCase("\"from\":\"ÿ\"", "from")]
    [TestCase("\"to\":[\"ÿ\"]", "to[0]")]
    [TestCase("\"headers\":{\"X-A\":\"ÿ\"}", "headers.X-A")]
    [TestCase("\"tags\":[{\"name\":\"ÿ\"}]", "tags[0].name")]
    [TestCase("\"attachments\":[{\"filename\":\"ÿ\",\"content\":\"\"}]", "attachments[0].filename")]
    [TestCase("\"stream\":\"ÿ\"", "stream")]
    [TestCase("\"scheduled_at\":\"ÿ\"", "scheduled_at")]
    [TestCase("\"scheduled_at\":\"in 1 hourÿ\"", "scheduled_at")]
    public async Task In_a_mail(string json, string field)
    {
        var mail = $"{{{json},{Good[1..]}";
        Errors(await (await SendAsync(HttpMethod.Post, "/emails", mail)).ProblemAsync(422, "validation_failed")).ShouldContain($"{field} invalid_text");
    }

    [TestCase("\"ÿ\"", "scheduled_at invalid_text")]
    [TestCase("\"\\ud800\"", "scheduled_at invalid_text")]
    [TestCase("1", "scheduled_at wrong_type")]
    public async Task In_another_time(string time, string error) =>
        Errors(await (await SendAsync(HttpMethod.Patch, $"/emails/{Guid.NewGuid()}", $"{{\"scheduled_at\":{time}}}")).ProblemAsync(422, "validation_failed")).ShouldBe([error]);

    [Test]
    public async Task In_a_batch_they_refuse_the_mail_that_they_are_in()
    {
        var batch = $"[{Good},{Good.Replace("\"t\"", "\"ÿ\"", StringComparison.Ordinal)},\"ÿ\"]";

        Errors(await (await SendAsync(HttpMethod.Post, "/emails/batch", batch)).ProblemAsync(422, "validation_failed")).ShouldBe(["[1].text invalid_text", "[2] wrong_type"]);
        var response = await SendAsync(HttpMethod.Post, "/emails/batch", batch, ("x-batch-validation", "permissive"));
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        Errors(await response.JsonAsync()).ShouldBe(["[1].text invalid_text", "[2] wrong_type"]);
        _api.Queue.Mails.Count.ShouldBe(1);
    }

    [TestCase("/failures/0190b0a0-0000-7000-8000-000000000000/edit", "{\"mail\":{\"subject\":\"ÿ\"}}")]
    [TestCase("/failures/0190b0a0-0000-7000-8000-000000000000/discard", "{\"reason\":\"ÿ\"}")]
    [TestCase("/operations", "{\"action\":\"replay\",\"filter\":{\"text\":\"ÿ\"}}")]
    [TestCase("/holds", "{\"scope\":\"tag\",\"value\":\"ÿ\",\"reason\":\"r\"}")]
    [TestCase("/keys", "{\"name\":\"ÿ\",\"scopes\":[\"read\"]}")]
    public async Task In_what_is_asked_for(string path, string json) => await (await SendAsync(HttpMethod.Post, path, json)).ProblemAsync(400, "invalid_request");

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(json)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return _api.Client.SendAsync(request);
    }

    private static IEnumerable<string> Errors(JsonElement answer) =>
        answer.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("field").GetString()} {error.GetProperty("code").GetString()}");
}
