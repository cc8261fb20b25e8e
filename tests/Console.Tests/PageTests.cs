using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>Every page, in both colors and at three widths.</summary>
public sealed class PageTests
{
    private static readonly int[] Widths = [1280, 390, 320];
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("CONSOLE_PICTURES");

    private ConsoleHost _host = null!;
    private Stage _stage = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _stage = await Stage.SetAsync(_host);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [TestCase("overview", "/console")]
    [TestCase("failures", "/console/failures")]
    [TestCase("failures-open", "/console/failures?status=unresolved&recipient=ann%40example.com")]
    [TestCase("failures-none", "/console/failures?recipient=nobody%40example.com")]
    [TestCase("failures-wrong", "/console/failures?since=yesterday")]
    [TestCase("failure", "/console/failures/{failure}")]
    [TestCase("failure-html", "/console/failures/{failure}?view=html")]
    [TestCase("failure-headers", "/console/failures/{failure}?view=headers")]
    [TestCase("failure-poison", "/console/failures/{poison}")]
    [TestCase("failures-act", "/console/failures?domain=example.com&status=unresolved")]
    [TestCase("groups", "/console/groups")]
    [TestCase("groups-domain", "/console/groups?by=domain")]
    [TestCase("groups-wrong", "/console/groups?by=colour")]
    [TestCase("operations", "/console/operations")]
    [TestCase("operation", "/console/operations/{operation}")]
    [TestCase("mails", "/console/mails")]
    [TestCase("mail-sent", "/console/mails/{sent}")]
    [TestCase("mail-scheduled", "/console/mails/{scheduled}")]
    [TestCase("mail-dead", "/console/mails/{dead}")]
    [TestCase("flow", "/console/flow")]
    [TestCase("audit", "/console/audit")]
    [TestCase("proof", "/console/proof")]
    [TestCase("about", "/console/about")]
    [TestCase("sign-in", "/console/sign-in")]
    [TestCase("not-found", "/console/nothing")]
    public async Task A_page_has_no_flaw_in_light_and_dark_and_at_three_widths(string name, string path)
    {
        await using var context = await Chromium.OpenAsync();
        var sight = await Sight.OpenAsync(context);
        await sight.GoAsync(_host.Address + path
            .Replace("{failure}", _stage.Failure.ToString(), StringComparison.Ordinal).Replace("{poison}", _stage.Poison.ToString(), StringComparison.Ordinal)
            .Replace("{sent}", _stage.Sent.ToString(), StringComparison.Ordinal).Replace("{scheduled}", _stage.Scheduled.ToString(), StringComparison.Ordinal)
            .Replace("{operation}", _stage.Operation.ToString(), StringComparison.Ordinal).Replace("{dead}", _stage.Dead.ToString(), StringComparison.Ordinal));
        var flaws = new List<string>();
        foreach (var color in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await sight.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = color });
            foreach (var width in Widths)
            {
                await sight.Page.SetViewportSizeAsync(width, 900);
                flaws.AddRange((await sight.FlawsAsync(colorsAlone: color == ColorScheme.Dark)).Select(flaw => $"{color} {width}: {flaw}"));
                if (Pictures is not null)
                    await sight.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{name}-{color}-{width}.png"), FullPage = true });
            }
        }

        flaws.ShouldBeEmpty();
        sight.ShouldBeQuiet(path);
    }
}
