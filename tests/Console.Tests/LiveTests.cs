using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>Pages that are looked at while things happen.</summary>
public sealed class LiveTests
{
    [Test]
    public async Task New_failures_are_counted_and_shown_when_they_are_asked_for_also_after_a_restart()
    {
        var host = await ConsoleHost.StartAsync();
        try
        {
            var (_, first) = await host.Store.FailAsync();
            await using var context = await Chromium.OpenAsync();
            var sight = await Sight.OpenAsync(context);
            var page = sight.Page;
            await sight.GoAsync($"{host.Address}/console/failures");
            var row = page.Locator($"[data-row='{first}']");
            await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Live");
            var place = await row.BoundingBoxAsync();

            var (_, second) = await host.Store.FailAsync();
            var news = page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "1 new, show" });
            await Assertions.Expect(news).ToBeVisibleAsync();
            (await page.Locator($"[data-row='{second}']").CountAsync()).ShouldBe(0, "nothing moves under the pointer");

            // What is shown already changes in its place.
            await host.Store.Failures.DiscardAsync(first, "test", "a test");
            await Assertions.Expect(row).ToContainTextAsync("discarded");
            await news.ClickAsync();
            await Assertions.Expect(page.Locator($"[data-row='{second}']")).ToBeVisibleAsync();
            place.ShouldNotBeNull();

            // Another instance in its place, which knows nothing of this tab.
            await host.DisposeAsync();
            host = await ConsoleHost.StartOnAsync(host.Database, host.Port);
            var (_, third) = await host.Store.FailAsync();
            await Assertions.Expect(news).ToBeVisibleAsync();
            await news.ClickAsync();
            await Assertions.Expect(page.Locator($"[data-row='{third}']")).ToBeVisibleAsync();

            // While it is paused nothing is asked for.
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pause live" }).ClickAsync();
            var asked = 0;
            page.Request += (_, _) => Interlocked.Increment(ref asked);
            var (_, fourth) = await host.Store.FailAsync();
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Go live" }).WaitForAsync();
            asked.ShouldBe(0);
            await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Go live" }).ClickAsync();
            await Assertions.Expect(news).ToBeVisibleAsync();
            (await page.Locator($"[data-row='{fourth}']").CountAsync()).ShouldBe(0);
        }
        finally
        {
            await host.DisposeAsync();
        }
    }

    [Test]
    public async Task A_stream_that_connects_again_is_told_what_it_has_missed_and_nothing_else()
    {
        await using var host = await ConsoleHost.StartAsync();
        await host.Store.FailAsync();
        var first = await FirstIdAsync(host, last: null);
        first.ShouldNotBeNull();
        await host.Store.FailAsync();
        (await FirstIdAsync(host, first)).ShouldNotBeNull();
    }

    /// <summary>The first id whose failures are others than those of the last: the part of the time moves on by itself.</summary>
    private static async Task<string?> FirstIdAsync(ConsoleHost host, string? last)
    {
        using var client = host.Client();
        using var deadline = new CancellationTokenSource(Eventually.DefaultDeadline);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/live");
        if (last is not null)
            request.Headers.Add("Last-Event-ID", last);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(deadline.Token));
        while (await reader.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal) && line[4..] is var id && id.Split('/')[0] != last?.Split('/')[0])
                return id;
        }

        return null;
    }
}
