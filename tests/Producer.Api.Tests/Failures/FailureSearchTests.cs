using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Producer.Api.Tests.Failures;

public class FailureSearchTests
{
    private ApiHost _api = null!;
    private Store _store = null!;
    private string _type = "";

    [SetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        _store = new Store(_api.Services);
        _type = $"Search{Guid.NewGuid():N}";
    }

    [TearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_list_shows_who_what_and_why_and_counts_and_sorts()
    {
        for (var number = 0; number < 3; number++)
            await FailAsync("Hello", "ann@left.example");
        var list = await (await _api.GetAsync($"/failures?exception={_type}&domain=LEFT.example&sender=shop@example.com&code=550&status=unresolved,replayed&sort=oldest&count=true&limit=2")).JsonAsync();
        (list.GetProperty("total").GetInt64(), list.GetProperty("total_is_exact").GetBoolean(), list.GetProperty("items").GetArrayLength()).ShouldBe((3, true, 2));
        var first = list.GetProperty("items")[0];
        first.GetProperty("subject").GetString().ShouldBe("Hello");
        first.GetProperty("sender").GetString().ShouldBe("shop@example.com");
        first.GetProperty("recipients")[0].GetString().ShouldBe("ann@left.example");
        first.GetProperty("reply_codes")[0].GetString().ShouldBe("550");
        first.GetProperty("failed_at").GetDateTimeOffset().ShouldBeLessThan(list.GetProperty("items")[1].GetProperty("failed_at").GetDateTimeOffset());
        (await (await _api.GetAsync($"/failures?exception={_type}&count=false")).JsonAsync()).TryGetProperty("total", out _).ShouldBeFalse();
    }

    [Test]
    public async Task All_that_a_filter_has_comes_as_CSV_that_no_spreadsheet_calculates()
    {
        await FailAsync("=HYPERLINK(\"http://evil.example\")", "ann@left.example");
        await FailAsync("Plain, with \"quotes\"", "bob@left.example");
        var (type, text) = await GetAsync($"/failures?exception={_type}&limit=1&sort=oldest", "text/csv");
        type.ShouldBe("text/csv");
        var lines = text.Split("\r\n");
        lines.Length.ShouldBe(4);
        lines[0].ShouldStartWith("id,status,failed_at,mail_id,sender,recipients,");
        lines[1].ShouldContain("\"'=HYPERLINK(\"\"http://evil.example\"\")\"");
        lines[2].ShouldContain("\"Plain, with \"\"quotes\"\"\"");
        lines[3].ShouldBe("");
    }

    [Test]
    public async Task All_that_a_filter_has_comes_as_lines_of_JSON()
    {
        for (var number = 0; number < 3; number++)
            await FailAsync("Hello", "ann@left.example");
        var (type, text) = await GetAsync($"/failures?exception={_type}", "application/x-ndjson");
        type.ShouldBe("application/x-ndjson");
        var lines = text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Select(line => line.GetProperty("status").GetString()).ShouldBe(["unresolved", "unresolved", "unresolved"]);
    }

    [Test]
    public async Task Groups_have_a_title_in_plain_words_and_the_note_that_was_written()
    {
        await FailAsync("Hello", $"ann@{_type}.example");
        var path = $"/failure-groups?exception={_type}";
        var group = (await (await _api.GetAsync(path)).JsonAsync()).GetProperty("items")[0];
        group.GetProperty("title").GetString().ShouldEndWith("550 no such user");
        (group.GetProperty("open").GetInt64(), group.GetProperty("mails").GetInt64(), group.GetProperty("hours").GetArrayLength(), group.GetProperty("hours")[23].GetInt32()).ShouldBe((1, 1, 24, 1));
        var key = group.GetProperty("key").GetString();

        (await PutAsync($"/failure-groups/{key}/note", """{"note":"asked them","owner":"ann","ticket":"T-1"}""")).StatusCode.ShouldBe(HttpStatusCode.OK);
        group = (await (await _api.GetAsync(path)).JsonAsync()).GetProperty("items")[0];
        (group.GetProperty("note").GetString(), group.GetProperty("owner").GetString(), group.GetProperty("ticket").GetString()).ShouldBe(("asked them", "ann", "T-1"));

        var domain = (await (await _api.GetAsync($"{path}&by=domain")).JsonAsync()).GetProperty("items")[0];
        domain.GetProperty("key").GetString().ShouldBe($"{_type}.example".ToLowerInvariant());
    }

    [TestCase("/failures?status=unresolved,new", "'status' is 'new'")]
    [TestCase("/failures?sort=random", "'sort' is 'random'")]
    [TestCase("/failures?count=yes", "'count' is 'yes'")]
    [TestCase("/failures?failed_again_of=x", "the UUID of an operation")]
    [TestCase("/failures?by=cause", "'by' is not a parameter here")]
    [TestCase("/failure-groups?by=colour", "'by' is 'colour'")]
    [TestCase("/failure-groups?limit=501", "1 to 500")]
    [TestCase("/failure-groups?cursor=x", "'cursor' is not a parameter here")]
    [TestCase("/operations?state=done", "'state' is 'done'")]
    [TestCase("/operations?cursor=x", "is not a cursor of this list")]
    public async Task A_query_that_cannot_be_read_is_refused_with_what_is_allowed(string path, string detail) =>
        (await (await _api.GetAsync(path)).ProblemAsync(400, "invalid_request")).GetProperty("detail").GetString()!.ShouldContain(detail);

    [TestCase("")]
    [TestCase("""{"notes":"x"}""")]
    [TestCase("""{"note":"\u0000"}""")]
    public async Task A_note_that_cannot_be_stored_is_refused(string body) => await (await PutAsync("/failure-groups/k/note", body)).ProblemAsync(400, "invalid_request");

    private async Task FailAsync(string subject, string to) => await _store.ProjectAsync(
        Guid.CreateVersion7(), Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { from = "shop@example.com", to = new[] { to }, subject, text = "t" })), exceptionType: _type);

    private async Task<(string? Type, string Text)> GetAsync(string path, string accept)
    {
        var answer = await _api.GetAsync(path, ("Accept", accept));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync());
    }

    private Task<HttpResponseMessage> PutAsync(string path, string json) =>
        _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Put, path) { Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) });
}
