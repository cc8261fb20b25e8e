using System.Net;
using System.Text;
using Contracts;
using Microsoft.Playwright;
using Persistence.Failures;
using Persistence.Mails;
using static Console.Tests.Chromium;

namespace Console.Tests;

/// <summary>A failed mail that is edited, and sent as another one.</summary>
public sealed class EditTests
{
    private const string Text = "Dear Ann,\n\nyour parcel is on its way.\nTrack it here.\n\nThe shop";

    private ConsoleHost _host = null!;

    [SetUp]
    public async Task StartAsync() => _host = await ConsoleHost.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task Without_scripts_a_wrong_address_is_marked_fixed_looked_at_and_sent()
    {
        var (mail, failure) = await FailAsync();
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/failures/{failure}");
        await page.GetByRole(AriaRole.Link, Named("Edit")).ClickAsync();
        await Assertions.Expect(page.GetByText("will be left out: bob@example.com")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Kept as it is: a.txt (5 bytes), 1 tag.")).ToBeVisibleAsync();

        var to = page.GetByLabel("To (one a line)", new PageGetByLabelOptions { Exact = true });
        await Assertions.Expect(to).ToHaveValueAsync("ann@exmaple.com\nbob@example.com");
        await to.FillAsync("ann@example.com\nnobody\nbob@example.com");
        await page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("1 thing is wrong");
        await Assertions.Expect(to).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(page.Locator("#to-wrong")).ToContainTextAsync("Number 2");
        await Assertions.Expect(page.Locator("[aria-invalid]")).ToHaveCountAsync(1);

        await to.FillAsync("ann@example.com\nbob@example.com");
        await page.GetByLabel("Text", new PageGetByLabelOptions { Exact = true }).FillAsync(Text.Replace("on its way", "late", StringComparison.Ordinal));
        await page.GetByLabel("Reason, for those who look later").FillAsync("a typing error");
        await page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, Named("What differs"))).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".diff .removed .line")).ToHaveTextAsync(["ann@exmaple.com", "bob@example.com", "your parcel is on its way."]);
        await Assertions.Expect(page.Locator(".diff .added .line")).ToHaveTextAsync(["ann@example.com", "your parcel is late."]);
        await Assertions.Expect(page.GetByText("Left out, as they have the mail already: bob@example.com")).ToBeVisibleAsync();
        _host.Queue.Records.ShouldBeEmpty("nothing is sent before somebody has seen what differs");

        await page.GetByRole(AriaRole.Button, Named("Send as a new mail")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("as a new one");
        await Assertions.Expect(page.GetByText("Changed: to, text")).ToBeVisibleAsync();
        var record = _host.Queue.Records.ShouldHaveSingleItem();
        var sent = SendEmailJson.Deserialize(record.Value);
        sent.To.ShouldBe(["ann@example.com"]);
        sent.Text.ShouldBe(Text.Replace("on its way", "late", StringComparison.Ordinal));
        (sent.Html, sent.Attachments.ShouldHaveSingleItem().Filename, sent.Headers["X-Order"]).ShouldBe(("<p>\n</p>", "a.txt", "7"));
        var after = (await _host.Store.Failures.FindAsync(failure))!;
        (after.Status, after.Actions.ShouldHaveSingleItem().Reason).ShouldBe((FailureStatus.Replayed, "a typing error"));
        await Assertions.Expect(page.GetByRole(AriaRole.Link, Named(after.ReplayedAs!.Value.ToString()))).ToBeVisibleAsync();
        (await _host.Store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Discarded);
    }

    [Test]
    public async Task The_second_of_two_editors_is_told_who_came_first_and_one_mail_is_sent()
    {
        var (_, failure) = await FailAsync();
        using var ann = new Visitor(_host);
        using var ben = new Visitor(_host);
        foreach (var visitor in new[] { ann, ben })
        {
            await visitor.GetAsync($"/console/failures/{failure}/edit");
            (await PostAsync(visitor, failure, "review", subject: "Late")).Html.ShouldContain("Send as a new mail");
        }

        (await PostAsync(ann, failure, "send", subject: "From Ann")).Location.ShouldBe($"/console/failures/{failure}?done=edited");
        var second = await PostAsync(ben, failure, "send", subject: "From Ben");
        second.Status.ShouldBe(HttpStatusCode.Conflict);
        second.Html.ShouldContain("Nothing was done");
        second.Html.ShouldContain("anonymous was here before");
        second.Html.ShouldContain("From Ben", customMessage: "what somebody wrote is not lost");
        second.Html.ShouldNotContain("value=\"review\"");
        (await PostAsync(ben, failure, "review", subject: "From Ben")).Status.ShouldBe(HttpStatusCode.Conflict);
        (await ben.GetAsync($"/console/failures/{failure}/edit")).Html.ShouldContain("waits for no decision any more");
        SendEmailJson.Deserialize(_host.Queue.Records.ShouldHaveSingleItem().Value).Subject.ShouldBe("From Ann");
    }

    [Test]
    public async Task Two_who_send_at_once_send_one_mail()
    {
        var (_, failure) = await FailAsync();
        using var ann = new Visitor(_host);
        await ann.GetAsync($"/console/failures/{failure}/edit");
        var both = await Task.WhenAll(PostAsync(ann, failure, "send", subject: "One"), PostAsync(ann, failure, "send", subject: "Two"));
        both.Select(seen => seen.Status).ShouldBe([HttpStatusCode.Redirect, HttpStatusCode.Conflict], ignoreOrder: true);
        _host.Queue.Records.Count.ShouldBe(1);
    }

    [Test]
    public async Task What_is_not_touched_stays_byte_for_byte_and_nothing_changed_is_said()
    {
        // Line ends, spaces at the ends of lines, a header that looks odd: what a form would flatten.
        var value = Encoding.UTF8.GetBytes("""{"from":"shop@example.com","to":["ann@exmaple.com"],"subject":" s ","text":"\n a \r\nb\rc\n","headers":{"X-A":" v ","X-B":"w"},"stream":"bulk"}""");
        var (_, failure) = await _host.Store.FailAsync(value);
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/failures/{failure}/edit");
        await page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Nothing is changed");
        var headers = page.GetByLabel("Headers");
        await headers.FillAsync((await headers.InputValueAsync()).Replace("X-B: w", "X-C: x", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await page.GetByRole(AriaRole.Button, Named("Edit further")).ClickAsync();
        await page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await page.GetByRole(AriaRole.Button, Named("Send as a new mail")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("as a new one");
        var sent = SendEmailJson.Deserialize(_host.Queue.Records.ShouldHaveSingleItem().Value);
        (sent.Subject, sent.Text, sent.Stream).ShouldBe((" s ", "\n a \r\nb\rc\n", MailStream.Bulk));
        sent.Headers.ShouldBe(new Dictionary<string, string> { ["X-A"] = " v ", ["X-C"] = "x" }, ignoreOrder: true);
    }

    [Test]
    public async Task A_record_that_is_no_mail_is_edited_into_one_and_a_large_mail_fits()
    {
        var failure = await _host.Store.ProjectAsync(mailId: null, "not JSON"u8.ToArray());
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/failures/{failure}/edit");
        var text = new StringBuilder().Insert(0, "ü\n", 200_000).ToString();
        (await visitor.PostAsync($"/console/failures/{failure}/edit", ("step", "send"), ("subject", "s"), ("text", text))).Html.ShouldContain("from-wrong");
        (await visitor.PostAsync($"/console/failures/{failure}/edit", ("step", "send"), ("from", "a@example.com"), ("to", "b@example.com"), ("subject", "s"), ("text", text), ("headers", "X-A")))
            .Html.ShouldContain("Number 1 is not a header");
        _host.Queue.Records.ShouldBeEmpty();
        (await visitor.PostAsync($"/console/failures/{failure}/edit", ("step", "send"), ("from", "a@example.com"), ("to", "b@example.com"), ("subject", "s"), ("text", text))).Status.ShouldBe(HttpStatusCode.Redirect);
        SendEmailJson.Deserialize(_host.Queue.Records.ShouldHaveSingleItem().Value).Text.ShouldBe(text);
    }

    [Test]
    public async Task An_edit_that_Kafka_does_not_take_is_said_to_be_recorded()
    {
        await using var host = await ConsoleHost.StartAsync(("Api:AcceptTimeout", "00:00:01"));
        var (_, failure) = await host.Store.FailAsync(Mail);
        host.Queue.Before = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        using var visitor = new Visitor(host);
        await visitor.GetAsync($"/console/failures/{failure}/edit");
        var done = await PostAsync(visitor, failure, "send", subject: "Late");
        done.Location.ShouldBe($"/console/failures/{failure}?done=edit-recorded");
        (await visitor.GetAsync(done.Location!)).Html.ShouldContain("Kafka did not respond in time");
    }

    [Test]
    public async Task A_discard_is_undone()
    {
        var (mail, failure) = await FailAsync();
        await _host.Store.Failures.DiscardAsync(failure, "ann", "a mistake");
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/failures/{failure}");
        var done = await visitor.PostAsync($"/console/failures/{failure}/restore", ("reason", "it was one"));
        (await visitor.GetAsync(done.Location!)).Html.ShouldContain("waits for a decision again");
        (await _host.Store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Dead);
        (await visitor.PostAsync($"/console/failures/{failure}/restore", ("reason", ""))).Html.ShouldContain("it was not discarded");
    }

    private static byte[] Mail => SendEmailJson.Serialize(new SendEmail
    {
        From = "Shop <shop@example.com>",
        To = ["ann@exmaple.com", "bob@example.com"],
        Subject = "Your parcel",
        Text = Text,
        Html = "<p>\n</p>",
        Headers = new Dictionary<string, string> { ["X-Order"] = "7" },
        Tags = [new MailTag("parcel")],
        Attachments = [new Attachment { Filename = "a.txt", ContentType = "text/plain", Content = "hello"u8.ToArray() }],
    });

    private static Task<Seen> PostAsync(Visitor visitor, Guid failure, string step, string subject) => visitor.PostAsync(
        $"/console/failures/{failure}/edit", ("step", step), ("from", "Shop <shop@example.com>"), ("to", "ann@example.com"), ("subject", subject), ("text", "t"));

    // Bob has it, and Ann's address is wrong.
    private async Task<(Guid MailId, Guid FailureId)> FailAsync()
    {
        var mailId = Guid.NewGuid();
        var (record, claim) = await _host.Store.ClaimAsync(mailId, Mail, [new Recipient("ann@exmaple.com", RecipientKind.To), new Recipient("bob@example.com", RecipientKind.To)]);
        await _host.Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550 no such user"),
            [new RecipientReply("ann@exmaple.com", RecipientOutcome.Rejected, 550, "5.1.1", "no"), new RecipientReply("bob@example.com", RecipientOutcome.Accepted, 250, null, "OK")]);
        await _host.Store.Mails.MarkPublishedAsync(record.Identity);
        return (mailId, await _host.Store.ProjectAsync(mailId, Mail));
    }
}
