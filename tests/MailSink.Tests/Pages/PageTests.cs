using System.Net;

namespace MailSink.Tests.Pages;

internal sealed class PageTests
{
    private const string Hostile = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";

    private RunningSink _sink = null!;

    [SetUp]
    public async Task StartAsync() => _sink = await RunningSink.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _sink.DisposeAsync();

    [TestCase("/")]
    [TestCase("/?q=from:ann")]
    [TestCase("/mail/{id}?view=text")]
    [TestCase("/mail/{id}?view=html")]
    [TestCase("/mail/{id}?view=headers")]
    [TestCase("/mail/{id}?view=source")]
    public async Task Hostile_mails_are_encoded_and_no_foreign_script_may_run(string path)
    {
        var mail = Mailing.Mail(subject: Hostile, text: Hostile, html: Hostile);
        mail.From.Clear();
        mail.From.Add(new MimeKit.MailboxAddress(Hostile, "ann@example.com"));
        mail.Headers.Add("X-Hostile", Hostile);
        await Mailing.SendAsync(_sink.Smtp, mail);

        using var response = await _sink.Http.GetAsync(path.Replace("{id}", _sink.Smtp.Mails.All()[0].Id, StringComparison.Ordinal));
        var page = await response.Content.ReadAsStringAsync();

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        page.ShouldContain("&lt;script&gt;alert(");
        page.ShouldNotContain("<script>alert");
        page.ShouldNotContain("<img src=x");
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'");
        response.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
    }

    [Test]
    public async Task A_hostile_search_is_encoded()
    {
        var page = await _sink.Http.GetStringAsync("/?q=" + Uri.EscapeDataString(Hostile));
        page.ShouldContain("&lt;script&gt;");
        page.ShouldNotContain("<script>alert");
    }

    [Test]
    public async Task A_mails_html_is_shown_in_a_sandbox()
    {
        await Mailing.SendAsync(_sink.Smtp, Mailing.Mail(html: "<p>Hello</p>"));
        var id = _sink.Smtp.Mails.All()[0].Id;

        (await _sink.Http.GetStringAsync($"/mail/{id}")).ShouldContain($"<iframe class=\"html\" sandbox referrerpolicy=\"no-referrer\" src=\"/mail/{id}/html\"");
        using var html = await _sink.Http.GetAsync($"/mail/{id}/html");

        (await html.Content.ReadAsStringAsync()).ShouldBe("<p>Hello</p>");
        var policy = html.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldStartWith("sandbox; default-src 'none'");
        policy.ShouldNotContain("script");
    }

    [Test]
    public async Task What_is_no_mail_is_shown_as_source()
    {
        using (var raw = await RawClient.GreetedAsync(_sink.Smtp))
        {
            await raw.BeginMailAsync();
            await raw.SayAsync(".");
        }

        (await _sink.Http.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _sink.Http.GetAsync($"/mail/{_sink.Smtp.Mails.All()[0].Id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task A_mail_that_is_gone_leads_back_to_the_list()
    {
        using var response = await _sink.Http.GetAsync("/mail/none");
        response.Headers.Location!.ToString().ShouldBe("/");
    }

    [TestCase("/help", "text/html")]
    [TestCase("/sink.css", "text/css")]
    [TestCase("/sink.js", "text/javascript")]
    [TestCase("/sink.svg", "image/svg+xml")]
    public async Task Assets_come_with_their_type(string path, string type)
    {
        using var response = await _sink.Http.GetAsync(path);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(type);
    }
}
