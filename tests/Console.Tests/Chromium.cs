using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>Debian's browser, one for all tests; a test takes a context of its own.</summary>
internal static class Chromium
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static readonly Lazy<Task<IBrowser?>> Shared = new(StartAsync);

    /// <summary>What has just this name for those who hear the page.</summary>
    public static PageGetByRoleOptions Named(string name) => new() { Name = name, Exact = true };

    /// <summary>A context of its own; skips the calling test where there is no browser.</summary>
    public static async Task<IBrowserContext> OpenAsync(BrowserNewContextOptions? options = null)
    {
        if (await Shared.Value is { } browser)
        {
            var context = await browser.NewContextAsync(options ?? new BrowserNewContextOptions());
            context.SetDefaultTimeout((float)Eventually.DefaultDeadline.TotalMilliseconds);
            return context;
        }

        Assert.Ignore("needs a browser, and none is installed (Debian: apt-get install chromium)");
        throw new InvalidOperationException("Assert.Ignore returned");
    }

    private static async Task<IBrowser?> StartAsync()
    {
        if (Array.Find(Programs, File.Exists) is not { } program)
            return null;
        var playwright = await Playwright.CreateAsync();
        // What does not come is told by then, and what comes late on a busy machine has come.
        Assertions.SetDefaultExpectTimeout((float)Eventually.DefaultDeadline.TotalMilliseconds);
        // Without its sandbox, since tests may be run by root; it meets no page but ours.
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Timeout = 180_000, Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
        TestRun.WhenOver(async () =>
        {
            await browser.CloseAsync();
            playwright.Dispose();
        });
        return browser;
    }
}
