using System.Net;
using Microsoft.Playwright;
using Persistence.Holds;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Workers;
using Producer.Api.Keys;
using static Console.Tests.Chromium;

namespace Console.Tests;

/// <summary>Holding mails, and releasing them.</summary>
public sealed class HoldTests
{
    private ConsoleHost _host = null!;

    private HoldStore Holds => _host.Get<HoldStore>();

    [SetUp]
    public async Task StartAsync() => _host = await ConsoleHost.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task Without_scripts_all_mails_are_held_from_the_overview_and_released()
    {
        await _host.Get<WorkerStore>().RegisterAsync("worker-1", Leases.Lasting, default);
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console");
        await page.GetByText("Hold mails").ClickAsync();
        await page.GetByRole(AriaRole.Button, Named("Hold")).ClickAsync();
        page.Url.ShouldEndWith("/console", customMessage: "the browser asks for the reason first");
        await page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "Until" }).FillAsync("in 2 hours");
        await page.GetByLabel("Reason").FillAsync("the shop sends <b>everything</b> twice");
        await page.GetByRole(AriaRole.Button, Named("Hold")).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("in force");
        var hold = (await Holds.ListActiveAsync()).Holds.ShouldHaveSingleItem();
        (hold.Scope, hold.Mode, hold.Reason, hold.CreatedBy).ShouldBe((HoldScope.All, HoldMode.Wait, "the shop sends <b>everything</b> twice", "anonymous"));
        hold.Until.ShouldNotBeNull().ShouldBe(DateTimeOffset.UtcNow.AddHours(2), TimeSpan.FromMinutes(5));
        foreach (var path in new[] { "console", "console/flow" })
        {
            await page.GotoAsync($"{_host.Address}/{path}");
            await Assertions.Expect(page.GetByText("the shop sends <b>everything</b> twice")).ToBeVisibleAsync();
        }

        await page.GotoAsync($"{_host.Address}/console");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 })).ToContainTextAsync("anonymous holds all mails");
        await page.GetByRole(AriaRole.Link, Named("All mails")).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("it was fixed");
        await page.GetByRole(AriaRole.Button, Named("Release")).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("released");
        var released = (await Holds.FindAsync(hold.Id))!;
        (released.IsActive, released.ReleasedBy, released.ReleaseReason).ShouldBe((false, "anonymous", "it was fixed"));
        await Assertions.Expect(page.GetByRole(AriaRole.Button, Named("Release"))).ToHaveCountAsync(0);
    }

    [Test]
    public async Task A_hold_is_made_by_the_keyboard_alone()
    {
        await using var context = await Chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/holds");
        await TabToAsync(page, "scope");
        await page.Keyboard.TypeAsync("Those to");
        await TabToAsync(page, "value");
        await page.Keyboard.TypeAsync("example.org");
        await TabToAsync(page, "mode");
        await page.Keyboard.PressAsync("ArrowDown");
        await TabToAsync(page, "reason");
        await page.Keyboard.TypeAsync("a stolen key");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, Named("To example.org"))).ToBeVisibleAsync();
        var hold = (await Holds.ListActiveAsync()).Holds.ShouldHaveSingleItem();
        (hold.Scope, hold.Value, hold.Mode, hold.Until).ShouldBe((HoldScope.Domain, "example.org", HoldMode.Cancel, null));
    }

    [TestCase("scope", "everything", "scope is 'everything'")]
    [TestCase("value", "example.org", "for the scope all no value is expected")]
    [TestCase("mode", "burn", "mode is 'burn'")]
    [TestCase("until", "2020-01-01T00:00:00Z", "which is past")]
    [TestCase("until", "in 9999999 weeks", "RFC 3339")]
    [TestCase("reason", " ", "Say why")]
    public async Task What_cannot_be_held_says_why_and_is_not_typed_again(string field, string value, string problem)
    {
        using var visitor = new Visitor(_host);
        await visitor.GetAsync("/console/holds");
        var fields = new Dictionary<string, string> { ["scope"] = "all", ["value"] = "", ["mode"] = "wait", ["until"] = "", ["reason"] = "a loop somewhere", [field] = value };
        var seen = await visitor.PostAsync("/console/holds", [.. fields.Select(pair => (pair.Key, pair.Value))]);
        seen.Status.ShouldBe(HttpStatusCode.BadRequest);
        WebUtility.HtmlDecode(seen.Html).ShouldContain(problem);
        if (field != "reason")
            seen.Html.ShouldContain("value=\"a loop somewhere\"");
        (await Holds.ListActiveAsync()).Holds.ShouldBeEmpty();
    }

    [Test]
    public async Task A_release_needs_a_reason_and_a_second_one_changes_nothing()
    {
        var hold = await Holds.CreateAsync(new NewHold(HoldScope.Tag, "spring", HoldMode.Wait, Until: null, "a wrong newsletter"), "ann");
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/holds/{hold.Id}");
        (await visitor.PostAsync($"/console/holds/{hold.Id}/release", ("reason", " "))).Html.ShouldContain("Say why");
        (await Holds.FindAsync(hold.Id))!.IsActive.ShouldBeTrue();
        var twice = await Task.WhenAll(visitor.PostAsync($"/console/holds/{hold.Id}/release", ("reason", "one")), visitor.PostAsync($"/console/holds/{hold.Id}/release", ("reason", "two")));
        twice.ShouldAllBe(seen => seen.Status == HttpStatusCode.Redirect);
        (await Holds.FindAsync(hold.Id))!.ReleaseReason.ShouldBeOneOf("one", "two");
        (await visitor.GetAsync($"/console/holds/{Guid.NewGuid()}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await visitor.PostAsync($"/console/holds/{Guid.NewGuid()}/release", ("reason", "one"))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task The_page_of_a_held_mail_says_what_has_it_and_cancels_it()
    {
        var hold = await Holds.CreateAsync(new NewHold(HoldScope.All, null, HoldMode.Wait, Until: null, "a flood"), "ann");
        var mail = Guid.CreateVersion7();
        await _host.Store.HoldAsync(mail, hold.Id);
        using var visitor = new Visitor(_host);
        var html = (await visitor.GetAsync($"/console/mails/{mail}")).Html;
        html.ShouldContain($"/console/holds/{hold.Id}");
        html.ShouldContain("Reason: a flood");
        (await visitor.PostAsync($"/console/mails/{mail}/cancel")).Location.ShouldBe($"/console/mails/{mail}?done=canceled");
        (await _host.Store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Canceled);
    }

    [Test]
    public async Task Who_may_not_operate_sees_no_hold_and_makes_none()
    {
        await using var host = await ConsoleHost.StartAsync(("environment", "Production"), ("Api:Key", ConsoleHost.Key), ("Console:Enabled", "true"));
        var (secret, hash) = KeySecret.Make();
        await host.Get<KeyStore>().CreateAsync(new NewKey { Name = "shop", Scopes = [KeyScope.Read, KeyScope.Send] }, hash, "test");
        await host.Get<KnownKeys>().RefreshAsync(default);
        using var visitor = new Visitor(host);
        await visitor.SignInAsync(secret, "ann");
        (await visitor.GetAsync("/console/failures")).Html.ShouldNotContain("/console/holds");
        (await visitor.GetAsync("/console/holds")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await visitor.PostAsync("/console/holds", ("scope", "all"), ("reason", "r"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await host.Get<HoldStore>().ListActiveAsync()).Holds.ShouldBeEmpty();
    }

    // As somebody does who has no mouse: no further than the page is long.
    private static async Task TabToAsync(IPage page, string field)
    {
        for (var pressed = 0; pressed < 60; pressed++)
        {
            if (await page.EvaluateAsync<string?>("document.activeElement.name") == field)
                return;
            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"the key Tab does not lead to {field}");
    }
}
