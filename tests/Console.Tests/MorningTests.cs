using System.Diagnostics;
using Microsoft.Playwright;
using Persistence.Failures;
using static Console.Tests.Chromium;

namespace Console.Tests;

/// <summary>
/// From 300 failures of four causes to none that waits, by the mouse. <c>CONSOLE_IMAGES</c> names a folder for the pictures that README shows:
/// <c>CONSOLE_IMAGES=$PWD/docs/images dotnet test tests/Console.Tests --filter Name~Four_causes</c>.
/// </summary>
public sealed class MorningTests
{
    private static readonly string? Images = Environment.GetEnvironmentVariable("CONSOLE_IMAGES");

    private readonly HashSet<Guid> _worked = [];
    private ConsoleHost _host = null!;
    private int _clicks;

    [SetUp]
    public async Task StartAsync()
    {
        _host = await ConsoleHost.StartAsync();
        await Morning.SetAsync(_host);
    }

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task Four_causes_of_300_failures_are_handled_by_the_mouse()
    {
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 }, Locale = "en-GB" });
        var sight = await Sight.OpenAsync(context);
        await sight.GoAsync($"{_host.Address}/console");
        // A broker that is asked for a new group may need a moment.
        await Assertions.Expect(sight.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 })).ToHaveTextAsync("Mails are sent; 300 failures wait for a decision.");
        await PictureAsync(sight.Page, "overview.png", ColorScheme.Light);
        var watch = Stopwatch.StartNew();
        await ClickAsync(Link(sight.Page, "Groups"));
        await Assertions.Expect(sight.Page.Locator("tbody tr")).ToHaveCountAsync(4);
        await ClickAsync(Link(sight.Page, "550 5.1.1 No such user here"));
        await PictureAsync(sight.Page, "group.png", ColorScheme.Dark);

        // A few first, and the rest once those are sent.
        await ClickAsync(Button(sight.Page, "Replay 5 first"));
        await SentAsync(sight.Page, 5);
        await ClickAsync(Link(sight.Page, "Back to the group"));
        await ClickAsync(Button(sight.Page, "Replay all 126"));
        await SentAsync(sight.Page, 126);

        foreach (var (cause, count) in new[] { ("452 4.2.2 Mailbox full", 94), ("554 5.7.1 Message refused: the sending address is on a block list", 57) })
        {
            await ClickAsync(Link(sight.Page, "Groups"));
            await ClickAsync(Link(sight.Page, cause));
            await ClickAsync(Button(sight.Page, $"Replay all {count}"));
            await SentAsync(sight.Page, count);
        }

        // What is not a mail is discarded, which asks for a reason.
        await ClickAsync(Link(sight.Page, "Groups"));
        await ClickAsync(sight.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "The record cannot be read" }));
        await ClickAsync(sight.Page.GetByLabel("Reason for discarding"));
        await sight.Page.Keyboard.TypeAsync("not a mail");
        await ClickAsync(Button(sight.Page, "Discard all 18"));
        await Assertions.Expect(sight.Page.Locator(".tile").First).ToContainTextAsync("18");
        watch.Stop();

        var counts = await CountsAsync();
        counts.ShouldBe((0, 282, 18));
        _clicks.ShouldBe(15);
        sight.ShouldBeQuiet("the way");
        await TestContext.Out.WriteLineAsync($"300 failures of four causes: {_clicks} clicks, one reason typed, {watch.Elapsed.TotalSeconds:N0} s");
    }

    private static ILocator Link(IPage page, string name) => page.GetByRole(AriaRole.Link, Named(name));

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, Named(name));

    private async Task ClickAsync(ILocator target)
    {
        _clicks++;
        await target.ClickAsync();
    }

    // The page shows by itself what the workers have sent.
    private async Task SentAsync(IPage page, int count)
    {
        await Eventually.Until(
            async () =>
            {
                await Morning.WorkAsync(_host, _worked);
                return await page.Locator(".tile", new PageLocatorOptions { HasText = "Sent" }).Locator("span").TextContentAsync() == $"{count}";
            },
            TimeSpan.FromMinutes(2),
            $"{count} are sent");
    }

    private async Task<(long Open, long Resolved, long Discarded)> CountsAsync()
    {
        var counts = new List<long>();
        foreach (var status in new[] { FailureStatus.Unresolved, FailureStatus.Resolved, FailureStatus.Discarded })
            counts.Add((await _host.Store.Failures.CountAsync(new FailureFilter { Statuses = [status] })).Count);
        return (counts[0], counts[1], counts[2]);
    }

    private static async Task PictureAsync(IPage page, string name, ColorScheme color)
    {
        if (Images is null)
            return;
        await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Live");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = color });
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Images, name) });
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
    }
}
