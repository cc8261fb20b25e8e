using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>A page that is watched for what must not happen on any: errors of scripts and of the policy, requests that fail, what axe finds, a sideways scroll.</summary>
internal sealed class Sight
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private readonly ConcurrentQueue<string> _errors = [];

    private Sight(IPage page)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            // Chromium says of every response of 400 and above that it failed to load; those that should not come are met below.
            // What a mail is refused in its frame is as it should be.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal) && !message.Location.Contains("/html", StringComparison.Ordinal))
                _errors.Enqueue($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => _errors.Enqueue(error);
        page.RequestFailed += (_, request) =>
        {
            // A stream that is left is aborted, and so is a page that was being fetched again.
            var isLeft = request.Url.EndsWith("/live", StringComparison.Ordinal) || request is { ResourceType: "fetch", Failure: "net::ERR_ABORTED" };
            if (!isLeft && request.Frame.ParentFrame is null)
                _errors.Enqueue($"{request.Url}: {request.Failure}");
        };
        page.Response += (_, response) =>
        {
            if (response.Status >= 500)
                _errors.Enqueue($"{response.Url}: {response.Status}");
        };
    }

    public IPage Page { get; }

    public static async Task<Sight> OpenAsync(IBrowserContext context) => new(await context.NewPageAsync());

    public async Task<IResponse> GoAsync(string address) => (await Page.GotoAsync(address, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded }))!;

    /// <summary>Nothing went wrong until now.</summary>
    public void ShouldBeQuiet(string where) => _errors.ShouldBeEmpty(where);

    /// <summary>What axe finds, and whether the page scrolls sideways.</summary>
    /// <param name="colorsAlone">Whether axe looks at colors alone, where it has looked at all else before.</param>
    public async Task<IReadOnlyList<string>> FlawsAsync(bool colorsAlone = false)
    {
        // Not in frames: those of mails run no scripts, and axe would wait for its own there.
        if (await Page.EvaluateAsync<bool>("typeof axe === 'undefined'"))
            await Page.EvaluateAsync(Axe);
        var flaws = (await Page.EvaluateAsync<string[]>(
            """
            async rules => (await axe.run({ exclude: ['iframe'] }, { iframes: false, resultTypes: ['violations'], ...(rules ? { runOnly: { type: 'rule', values: rules } } : {}) }))
                .violations.flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.html} (${node.failureSummary})`))
            """,
            colorsAlone ? new[] { "color-contrast" } : null)).ToList();
        if (await Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth") is var wider && wider > 0)
            flaws.Add($"it is {wider} px wider than the window: {await Page.EvaluateAsync<string>("[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(-3).map(e => e.outerHTML.slice(0, 150)).join(' | ')")}");
        return flaws;
    }
}
