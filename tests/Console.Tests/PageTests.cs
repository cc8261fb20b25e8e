using Microsoft.Playwright;
using static Console.Tests.Chromium;

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
    [TestCase("group", "/console/groups/cause?key={group}")]
    [TestCase("group-domain", "/console/groups/domain?key=example.com&done=noted")]
    [TestCase("edit", "/console/failures/{failure}/edit")]
    [TestCase("edit-poison", "/console/failures/{poison}/edit")]
    [TestCase("edit-closed", "/console/failures/{replayed}/edit")]
    [TestCase("failure-discarded", "/console/failures/{discarded}")]
    [TestCase("holds", "/console/holds")]
    [TestCase("holds-wrong", "/console/holds?active=perhaps")]
    [TestCase("hold", "/console/holds/{hold}?done=held")]
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
        await sight.GoAsync(_host.Address + PathOf(path));
        (await FlawsAsync(sight, name)).ShouldBeEmpty();
        sight.ShouldBeQuiet(path);
    }

    [Test]
    public async Task The_pages_that_forms_lead_to_have_no_flaw_either()
    {
        await using var context = await Chromium.OpenAsync();
        var sight = await Sight.OpenAsync(context);
        var flaws = new List<string>();
        await sight.GoAsync(_host.Address + PathOf("/console/failures/{failure}/edit"));
        await sight.Page.GetByLabel("To (one a line)", Exactly).FillAsync($"nobody\n{Stage.Hostile}");
        await sight.Page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await Assertions.Expect(sight.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Nothing was sent");
        flaws.AddRange(await FlawsAsync(sight, "edit-wrong"));
        await sight.Page.GetByLabel("To (one a line)", Exactly).FillAsync("Ann <ann@example.com>");
        await sight.Page.GetByLabel("Text", Exactly).FillAsync($"Dear customer,\n{Stage.Hostile}\n");
        await sight.Page.GetByRole(AriaRole.Button, Named("Show what differs")).ClickAsync();
        await Assertions.Expect(sight.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "What differs" })).ToBeVisibleAsync();
        flaws.AddRange(await FlawsAsync(sight, "edit-review"));

        await sight.GoAsync($"{_host.Address}/console/holds");
        await sight.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "Until" }).FillAsync("tomorrow");
        await sight.Page.GetByLabel("Reason").FillAsync(Stage.Hostile);
        await sight.Page.GetByRole(AriaRole.Button, Named("Hold")).ClickAsync();
        await Assertions.Expect(sight.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("until is 'tomorrow'");
        flaws.AddRange(await FlawsAsync(sight, "hold-wrong"));

        // What is folded away is a part of its page, too.
        foreach (var (name, path) in new[] { ("overview-open", "/console"), ("flow-open", "/console/flow"), ("failures-act-open", "/console/failures?domain=example.com"), ("group-open", "/console/groups/cause?key={group}") })
        {
            await sight.GoAsync(_host.Address + PathOf(path));
            await sight.Page.EvaluateAsync("document.querySelectorAll('details').forEach(details => (details.open = true))");
            flaws.AddRange(await FlawsAsync(sight, name));
        }

        flaws.ShouldBeEmpty();
        sight.ShouldBeQuiet("forms");
    }

    private static PageGetByLabelOptions Exactly => new() { Exact = true };

    private string PathOf(string path) => new (string Name, object Value)[]
    {
        ("failure", _stage.Failure), ("poison", _stage.Poison), ("replayed", _stage.Replayed), ("discarded", _stage.Discarded), ("sent", _stage.Sent), ("scheduled", _stage.Scheduled),
        ("operation", _stage.Operation), ("dead", _stage.Dead), ("hold", _stage.Hold), ("group", _stage.Group),
    }.Aggregate(path, (text, part) => text.Replace($"{{{part.Name}}}", $"{part.Value}", StringComparison.Ordinal));

    private static async Task<List<string>> FlawsAsync(Sight sight, string name)
    {
        var flaws = new List<string>();
        foreach (var color in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await sight.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = color });
            foreach (var width in Widths)
            {
                await sight.Page.SetViewportSizeAsync(width, 900);
                flaws.AddRange((await sight.FlawsAsync(colorsAlone: color == ColorScheme.Dark)).Select(flaw => $"{name} {color} {width}: {flaw}"));
                if (Pictures is not null)
                    await sight.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{name}-{color}-{width}.png"), FullPage = true });
            }
        }

        // A form that another page could send as well would act in the name of who is signed in.
        if (await sight.Page.EvaluateAsync<int>("[...document.querySelectorAll('form')].filter(form => form.method === 'post' && !form.elements.token?.value).length") is var forms && forms > 0)
            flaws.Add($"{name}: {forms} forms are without a token");
        return flaws;
    }
}
