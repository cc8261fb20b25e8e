using System.Net;
using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>Mails, replies and names that want to be more than text.</summary>
public sealed class HostileTests
{
    [Test]
    public async Task Hostile_texts_are_shown_and_nothing_more()
    {
        await using var host = await ConsoleHost.StartAsync();
        var stage = await Stage.SetAsync(host);
        await using var context = await Chromium.OpenAsync();
        var sight = await Sight.OpenAsync(context);
        var (dialogs, outside) = (0, new List<string>());
        sight.Page.Dialog += async (_, dialog) =>
        {
            dialogs++;
            await dialog.DismissAsync();
        };
        // What reaches the network, behind the policy.
        await context.RouteAsync(url => !url.StartsWith(host.Address, StringComparison.Ordinal), async route =>
        {
            outside.Add(route.Request.Url);
            await route.AbortAsync();
        });

        foreach (var path in new[] { "failures", $"failures/{stage.Failure}", "mails", $"mails/{stage.Sent}", "audit", $"audit?actor={Uri.EscapeDataString(Stage.Hostile)}", $"failures?recipient={Uri.EscapeDataString(Stage.Hostile)}" })
        {
            await sight.GoAsync($"{host.Address}/console/{path}");
            (await sight.Page.Locator("img[src=x], script:not([src])").CountAsync()).ShouldBe(0, path);
        }

        await sight.GoAsync($"{host.Address}/console/failures/{stage.Failure}");
        (await sight.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 }).TextContentAsync()).ShouldBe(Stage.Hostile);
        sight.ShouldBeQuiet("the pages' own scripts and policy");

        // The mail's HTML is alone in its frame: without scripts, forms and what it would fetch from elsewhere, but with the picture that it brings.
        await sight.GoAsync($"{host.Address}/console/failures/{stage.Failure}?view=html");
        var frame = sight.Page.FrameLocator("iframe.html");
        await Assertions.Expect(frame.Locator("b")).ToHaveTextAsync("Ann");
        await frame.Locator("p").ClickAsync();
        await frame.Locator("button").ClickAsync();
        (await frame.Locator("img[alt=sign]").GetAttributeAsync("src"))!.ShouldStartWith("data:image/png;base64,");
        dialogs.ShouldBe(0);
        outside.ShouldBeEmpty();
        sight.Page.Url.ShouldStartWith(host.Address);

        using var visitor = new Visitor(host);
        var html = await visitor.GetAsync($"/console/failures/{stage.Failure}/html");
        html.Policy.ShouldNotBeNull().ShouldStartWith("sandbox; default-src 'none'");
        (await visitor.GetAsync($"/console/failures/{stage.Poison}/html")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await visitor.GetAsync("/console/failures")).Policy.ShouldNotBeNull().ShouldStartWith("default-src 'self';");
    }
}
