using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace MailSink.Tests.Api;

internal sealed class SinkApiTests
{
    private RunningSink _sink = null!;

    [SetUp]
    public async Task StartAsync() => _sink = await RunningSink.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _sink.DisposeAsync();

    [Test]
    public async Task A_script_is_set_from_another_process_shown_with_its_hits_and_taken_away()
    {
        var (status, script) = await SendAsync(HttpMethod.Put, "/api/v1/script", """
            {"rules": [
              {"at": "rcpt", "recipient": "bob@*", "times": 1, "reply": 452, "text": "4.5.3 Later"},
              {"at": "end_of_data", "then": "drop_after", "delay_ms": 5, "from_ms": 60000, "for_ms": 1000}
            ]}
            """);
        status.ShouldBe(HttpStatusCode.OK);
        script.GetProperty("rules").GetArrayLength().ShouldBe(2);

        (await Mailing.TryAsync(_sink.Smtp, "bob@example.com")).ShouldBe(452);
        (await Mailing.TryAsync(_sink.Smtp, "bob@example.com")).ShouldBeNull();

        var rule = (await GetAsync("/api/v1/script")).GetProperty("rules")[0];
        rule.GetProperty("hits").GetInt32().ShouldBe(1);
        rule.GetProperty("at").GetString().ShouldBe("rcpt");

        await SendAsync(HttpMethod.Post, "/api/v1/script", """{"at": "mail", "reply": 421}""");
        _sink.Smtp.Script.Rules.Count.ShouldBe(3);
        await SendAsync(HttpMethod.Delete, "/api/v1/script", body: null);
        _sink.Smtp.Script.Rules.ShouldBeEmpty();
    }

    [TestCase("""{"rules": [{"at": "lunch", "reply": 451}]}""")]
    [TestCase("""{"rules": [{"reply": 451}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt"}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt", "reply": 250}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt", "reply": 451, "then": "hang"}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt", "reply": 451, "colour": "red"}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt", "reply": 451, "for_ms": 0}]}""")]
    [TestCase("""{"rules": [{"at": "rcpt", "delay_ms": 9223372036854775807}]}""")]
    [TestCase("{")]
    public async Task A_script_that_cannot_be_is_refused_with_its_reason_and_changes_nothing(string script)
    {
        var (status, problem) = await SendAsync(HttpMethod.Put, "/api/v1/script", script);

        status.ShouldBe(HttpStatusCode.BadRequest);
        problem.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
        _sink.Smtp.Script.Rules.ShouldBeEmpty();
    }

    [Test]
    public async Task Counts_and_duplicates_can_be_read()
    {
        var twice = Mailing.Mail();
        await Mailing.SendAsync(_sink.Smtp, twice, twice);
        await Mailing.TryAsync(_sink.Smtp, "fail-550@example.com");

        var counters = await GetAsync("/api/v1/counters");
        counters.GetProperty("mails").GetInt32().ShouldBe(2);
        counters.GetProperty("connections").GetInt32().ShouldBe(2);
        counters.GetProperty("message_ids").GetInt32().ShouldBe(1);
        counters.GetProperty("rejected").GetProperty("550").GetInt32().ShouldBe(1);

        var duplicate = (await GetAsync("/api/v1/duplicates")).GetProperty("duplicates").EnumerateArray().Single();
        duplicate.GetProperty("message_id").GetString().ShouldBe(twice.MessageId);
        duplicate.GetProperty("recipient").GetString().ShouldBe("bob@example.com");
        duplicate.GetProperty("count").GetInt32().ShouldBe(2);

        await SendAsync(HttpMethod.Delete, "/api/v1/counters", body: null);
        (await GetAsync("/api/v1/counters")).GetProperty("mails").GetInt32().ShouldBe(0);
    }

    [Test]
    public async Task The_server_can_be_taken_down_and_up()
    {
        await SendAsync(HttpMethod.Put, "/api/v1/listening", """{"listening": false, "drop_connections": true}""");
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => RawClient.ConnectAsync(_sink.Smtp));

        await SendAsync(HttpMethod.Put, "/api/v1/listening", """{"listening": true}""");
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail());
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _sink.Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    private async Task<JsonElement> GetAsync(string path) => await _sink.Http.GetFromJsonAsync<JsonElement>(path);
}
