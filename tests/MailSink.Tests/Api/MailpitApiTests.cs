using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MimeKit;

namespace MailSink.Tests.Api;

internal sealed class MailpitApiTests
{
    private RunningSink _sink = null!;

    [SetUp]
    public async Task StartAsync() => _sink = await RunningSink.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _sink.DisposeAsync();

    [Test]
    public async Task Lists_mails_newest_first_with_Mailpits_field_names()
    {
        var sent = Mailing.Mail(subject: "Second");
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail(subject: "First"), sent);

        var list = await GetAsync("/api/v1/messages?start=0&limit=1");

        Names(list).ShouldBe(["total", "unread", "count", "messages_count", "messages_unread", "start", "tags", "messages"]);
        list.GetProperty("total").GetInt32().ShouldBe(2);
        list.GetProperty("unread").GetInt32().ShouldBe(2);
        var message = list.GetProperty("messages").EnumerateArray().Single();
        Names(message).ShouldBe(
            ["ID", "MessageID", "Read", "From", "To", "Cc", "Bcc", "ReplyTo", "Subject", "Created", "Username", "Tags", "Size", "Attachments", "Snippet"]);
        message.GetProperty("MessageID").GetString().ShouldBe(sent.MessageId);
        message.GetProperty("Subject").GetString().ShouldBe("Second");
        message.GetProperty("Snippet").GetString().ShouldBe("Hi Bob");
        message.GetProperty("To")[0].GetProperty("Address").GetString().ShouldBe("bob@example.com");
        message.GetProperty("To")[0].GetProperty("Name").GetString().ShouldBe("Bob");
        message.GetProperty("Created").GetDateTimeOffset().ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));

        (await GetAsync("/api/v1/messages?start=1")).GetProperty("messages")[0].GetProperty("Subject").GetString().ShouldBe("First");
    }

    [Test]
    public async Task Shows_a_mail_its_headers_its_source_and_its_parts()
    {
        var sent = Mailing.Mail();
        var body = new BodyBuilder { TextBody = "Text", HtmlBody = "<p>Html</p>" };
        body.Attachments.Add("a.html", "<script>"u8.ToArray(), new ContentType("text", "html"));
        sent.Body = body.ToMessageBody();
        sent.Bcc.Add(new MailboxAddress("", "hidden@example.com"));
        await Mailing.SendAsync(_sink.Smtp, sent);
        var kept = _sink.Smtp.Mails.All().Single();

        var message = await GetAsync($"/api/v1/message/{kept.Id}");

        Names(message).ShouldBe(
        [
            "ID", "MessageID", "From", "To", "Cc", "Bcc", "ReplyTo", "ReturnPath", "Subject", "ListUnsubscribe", "Date", "Tags", "Username",
            "Text", "HTML", "Size", "Inline", "Attachments",
        ]);
        message.GetProperty("Text").GetString().ShouldBe("Text");
        message.GetProperty("HTML").GetString().ShouldBe("<p>Html</p>");
        message.GetProperty("ReturnPath").GetString().ShouldBe("ann@example.com");
        message.GetProperty("Bcc")[0].GetProperty("Address").GetString().ShouldBe("hidden@example.com");
        var attachment = message.GetProperty("Attachments")[0];
        Names(attachment).ShouldBe(["PartID", "FileName", "ContentType", "ContentID", "Size"]);

        using var part = await _sink.Http.GetAsync($"/api/v1/message/{kept.Id}/part/{attachment.GetProperty("PartID").GetString()}");
        (await part.Content.ReadAsStringAsync()).ShouldBe("<script>");
        part.Content.Headers.ContentType!.MediaType.ShouldBe("application/octet-stream");
        part.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");

        (await _sink.Http.GetByteArrayAsync("/api/v1/message/latest/raw")).ShouldBe(kept.Raw.ToArray());
        (await GetAsync("/api/v1/message/latest/headers")).GetProperty("Subject")[0].GetString().ShouldBe("Hello");
        (await GetAsync("/api/v1/messages")).GetProperty("unread").GetInt32().ShouldBe(0);
        (await _sink.Http.GetAsync("/api/v1/message/none")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Searches()
    {
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail(subject: "Invoice"), Mailing.Mail(subject: "Reset"));

        var found = await GetAsync("/api/v1/search?query=subject:invoice");

        found.GetProperty("total").GetInt32().ShouldBe(2);
        found.GetProperty("messages_count").GetInt32().ShouldBe(1);
        found.GetProperty("messages")[0].GetProperty("Subject").GetString().ShouldBe("Invoice");
        (await _sink.Http.GetAsync("/api/v1/search")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task Deletes_those_named_or_all_but_nothing_by_mistake()
    {
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail(), Mailing.Mail(), Mailing.Mail());

        (await DeleteAsync("""{"IDs": 1}""")).ShouldBe(HttpStatusCode.BadRequest);
        _sink.Smtp.Mails.Count.ShouldBe(3);
        (await DeleteAsync(JsonSerializer.Serialize(new { IDs = new[] { _sink.Smtp.Mails.All()[0].Id } }))).ShouldBe(HttpStatusCode.OK);
        _sink.Smtp.Mails.Count.ShouldBe(2);
        (await DeleteAsync(body: null)).ShouldBe(HttpStatusCode.OK);
        _sink.Smtp.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task Says_how_it_is()
    {
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail());

        var info = await GetAsync("/api/v1/info");

        Names(info).ShouldBe(["Version", "LatestVersion", "Database", "DatabaseSize", "Messages", "Unread", "Tags", "RuntimeStats"]);
        info.GetProperty("RuntimeStats").GetProperty("SMTPAccepted").GetInt32().ShouldBe(1);
        (await _sink.Http.GetAsync("/livez")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _sink.Http.GetAsync("/readyz")).StatusCode.ShouldBe(HttpStatusCode.OK);
        _sink.Smtp.PauseListening();
        (await _sink.Http.GetAsync("/readyz")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    private async Task<HttpStatusCode> DeleteAsync(string? body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/messages");
        if (body is not null)
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await _sink.Http.SendAsync(request);
        return response.StatusCode;
    }

    private async Task<JsonElement> GetAsync(string path) => await _sink.Http.GetFromJsonAsync<JsonElement>(path);

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
