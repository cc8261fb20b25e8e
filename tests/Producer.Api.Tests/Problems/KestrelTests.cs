using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Producer.Api.Tests.Problems;

/// <summary>What the server itself has to do with: chunks as they come, and responses without a body.</summary>
public class KestrelTests
{
    private const int MaxMailBytes = 100_000;

    private ApiHost _api = null!;
    private Store _store = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartOnKestrelAsync(("Api:MaxMailBytes", $"{MaxMailBytes}"));
        _store = new Store(_api.Services);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("ZZ\r\n{}\r\n0\r\n\r\n")]
    [TestCase("\r\n\r\n")]
    [TestCase("2\r\n{}XX\r\n0\r\n\r\n")]
    [TestCase("FFFFFFFFFFFFFFFFFF\r\n{}\r\n")]
    [TestCase("-1\r\n{}\r\n")]
    public async Task Chunks_that_are_none_are_a_body_that_cannot_be_read(string body)
    {
        var (status, problem) = await PostAsync(Encoding.ASCII.GetBytes(body));

        (status, problem.GetProperty("code").GetString()).ShouldBe((400, "unreadable_body"));
    }

    [TestCase(1)]
    [TestCase(1_024)]
    [TestCase(100_000)]
    public async Task A_mail_that_is_small_enough_is_accepted_in_chunks_of_any_size(int size)
    {
        var (status, answer) = await PostAsync(Chunked(Mail(MaxMailBytes), size));

        status.ShouldBe(202, answer.GetRawText());
    }

    [TestCase(1)]
    [TestCase(1_024)]
    public async Task A_mail_that_is_too_large_is_refused_with_the_limit_in_chunks_of_any_size(int size) => TooLarge(await PostAsync(Chunked(Mail(MaxMailBytes + 1), size)));

    [Test]
    public async Task Chunks_that_are_nothing_but_their_framing_end_somewhere() =>
        TooLarge(await PostAsync(Encoding.ASCII.GetBytes($"1;{new string('a', 9 * MaxMailBytes)}")));

    [TestCase("/failures", "text/csv")]
    [TestCase("/failures", "application/x-ndjson")]
    [TestCase("/failures", "application/json")]
    [TestCase("/failures?limit=x", "text/csv")]
    [TestCase("/nowhere", "*/*")]
    [TestCase("/health/live", "*/*")]
    [TestCase("/console/sign-in", "text/html")]
    [TestCase("/scalar", "text/html")]
    [TestCase("/emails/SENT/events", "text/event-stream")]
    public async Task HEAD_has_the_headers_of_GET(string path, string accept)
    {
        var id = Guid.NewGuid();
        await _store.SendAsync(id);
        path = path.Replace("SENT", $"{id}", StringComparison.Ordinal);

        using var get = await SendAsync(HttpMethod.Get, path, accept);
        using var head = await SendAsync(HttpMethod.Head, path, accept);
        head.StatusCode.ShouldBe(get.StatusCode);
        Headers(head).ShouldBe(Headers(get), ignoreOrder: true);
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [TestCase("/emails/OPEN/events", false)]
    [TestCase("/emails/OPEN/events", true)]
    [TestCase("/console/live", false)]
    public async Task HEAD_of_a_stream_that_goes_on_is_answered_and_ends(string path, bool hasSeenAll)
    {
        var id = Guid.NewGuid();
        await _store.ClaimAsync(id);
        var events = (await (await _api.GetAsync($"/emails/{id}/events")).JsonAsync()).GetProperty("data");

        using var response = await SendAsync(
            HttpMethod.Head, path.Replace("OPEN", $"{id}", StringComparison.Ordinal), "text/event-stream", hasSeenAll ? events[events.GetArrayLength() - 1].GetProperty("id").GetString() : null)
            .WaitAsync(Eventually.DefaultDeadline);
        ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType).ShouldBe((200, "text/event-stream"));
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string accept, string? lastEventId = null)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        return _api.Client.SendAsync(request);
    }

    // Those of the content itself, and of the moment, are not of HEAD.
    private static IEnumerable<string> Headers(HttpResponseMessage response) =>
        response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Date" or "Transfer-Encoding" or "Content-Length" or "Set-Cookie"))
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");

    private static void TooLarge((int Status, JsonElement Problem) answer) =>
        (answer.Status, answer.Problem.GetProperty("code").GetString(), answer.Problem.GetProperty("limit").GetInt32()).ShouldBe((413, "too_large", MaxMailBytes));

    private static byte[] Mail(int length)
    {
        const string start = "{\"from\":\"a@example.com\",\"to\":[\"b@example.com\"],\"subject\":\"s\",\"text\":\"";
        return Encoding.ASCII.GetBytes($"{start}{new string('t', length - start.Length - 2)}\"}}");
    }

    private static byte[] Chunked(byte[] body, int size)
    {
        using var chunked = new MemoryStream();
        foreach (var chunk in body.Chunk(size))
        {
            chunked.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{chunk.Length:X}\r\n")));
            chunked.Write(chunk);
            chunked.Write("\r\n"u8);
        }

        chunked.Write("0\r\n\r\n"u8);
        return chunked.ToArray();
    }

    private async Task<(int Status, JsonElement Answer)> PostAsync(byte[] chunks)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_api.Address.Host, _api.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync("POST /emails HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"u8.ToArray());
        await stream.WriteAsync(chunks);
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync().WaitAsync(Eventually.DefaultDeadline);
        return (int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture), JsonElement.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)]));
    }
}
