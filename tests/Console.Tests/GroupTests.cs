using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Playwright;
using Persistence.Failures;

namespace Console.Tests;

/// <summary>A group of failures: what is known about it, and what is done with all of it.</summary>
public sealed class GroupTests
{
    private ConsoleHost _host = null!;

    [SetUp]
    public async Task StartAsync() => _host = await ConsoleHost.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _host.DisposeAsync();

    [Test]
    public async Task Without_scripts_a_note_is_written_and_changed()
    {
        await _host.Store.FailAsync();
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/groups");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "550 no such user" }).ClickAsync();
        await page.GetByText("Write a note").ClickAsync();
        await page.GetByLabel("What is known").FillAsync("The import of Monday\nhad old addresses.");
        await page.GetByLabel("Owner").FillAsync("ann");
        await page.GetByLabel("Ticket").FillAsync("javascript:alert(1)");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Write it down" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("written");
        await Assertions.Expect(page.Locator("a[href^=javascript]")).ToHaveCountAsync(0);

        var group = (await _host.Get<FailureGroupStore>().ListAsync(FailureGroupBy.Cause, new FailureFilter(), 1)).ShouldHaveSingleItem();
        (group.Note!.Text, group.Note.Owner, group.Note.Ticket, group.Note.UpdatedBy).ShouldBe(("The import of Monday\nhad old addresses.", "ann", "javascript:alert(1)", "anonymous"));

        await page.GetByText("Change the note").ClickAsync();
        await Assertions.Expect(page.GetByLabel("What is known")).ToHaveValueAsync("The import of Monday\nhad old addresses.");
        await page.GetByLabel("What is known").FillAsync("");
        await page.GetByLabel("Ticket").FillAsync("https://tickets.example/7");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Write it down" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "https://tickets.example/7" })).ToBeVisibleAsync();
        group = (await _host.Get<FailureGroupStore>().ListAsync(FailureGroupBy.Cause, new FailureFilter(), 1)).ShouldHaveSingleItem();
        (group.Note!.Text, group.Note.Ticket).ShouldBe((null, "https://tickets.example/7"));
    }

    [Test]
    public async Task A_note_that_is_too_long_is_refused_and_not_typed_again()
    {
        var (_, failure) = await _host.Store.FailAsync();
        var key = (await _host.Store.Failures.FindAsync(failure))!.Fingerprint;
        using var visitor = new Visitor(_host);
        (await visitor.GetAsync($"/console/groups/cause?key={key}")).Status.ShouldBe(HttpStatusCode.OK);
        var seen = await visitor.PostAsync("/console/groups/note", ("by", "cause"), ("key", key), ("note", new string('n', 2_001)), ("owner", "ann"), ("ticket", ""));
        seen.Status.ShouldBe(HttpStatusCode.BadRequest);
        seen.Html.ShouldContain("note has 2001 characters");
        seen.Html.ShouldContain(new string('n', 2_001));
        (await visitor.PostAsync("/console/groups/note", ("by", "colour"), ("key", key), ("note", "n"))).Status.ShouldBe(HttpStatusCode.NotFound);
        foreach (var path in new[] { "cause?key=unknown", "cause", "colour?key=x", $"domain?key={Uri.EscapeDataString("a/b?c&d=%\"<")}" })
            (await visitor.GetAsync($"/console/groups/{path}")).Status.ShouldBe(HttpStatusCode.NotFound, path);
    }

    [Test]
    public async Task What_failed_again_is_replayed_from_its_operation_on()
    {
        var (mail, failure) = await _host.Store.FailAsync();
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/failures/{failure}");
        var begun = await visitor.PostAsync("/console/operations", ("action", "replay"), ("mail_id", mail.ToString()));
        begun.Status.ShouldBe(HttpStatusCode.Redirect);
        await Eventually.Until(async () => (await _host.Store.Failures.FindAsync(failure))!.Status == FailureStatus.Replayed, null, "it is replayed");
        (await visitor.GetAsync(begun.Location!)).Html.ShouldNotContain("Replay those that failed again");
        var again = await _host.Store.ProjectAsync(mail, epoch: 1);
        (await visitor.GetAsync(begun.Location!)).Html.ShouldContain("Replay those that failed again");
        var second = await visitor.PostAsync("/console/operations", ("action", "replay"), ("failed_again_of", begun.Location![^36..]), ("reason", "again"));
        second.Status.ShouldBe(HttpStatusCode.Redirect);
        await Eventually.Until(async () => (await _host.Store.Failures.FindAsync(again))!.Status == FailureStatus.Replayed, null, "what failed again is replayed");
        (await visitor.GetAsync($"/console/failures?failed_again_of={begun.Location[^36..]}")).Html.ShouldContain("What failed again of the operation");
    }

    [Test]
    public async Task No_form_of_the_console_does_anything_without_its_token()
    {
        var forms = _host.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("console", StringComparison.Ordinal) && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") == true)
            .Select(endpoint => endpoint.RoutePattern.RawText!.Replace("{id}", $"{Guid.NewGuid()}", StringComparison.Ordinal)).ToList();
        forms.Count.ShouldBeGreaterThan(14);
        using var visitor = new Visitor(_host);
        foreach (var form in forms)
        {
            var seen = await visitor.PostAsync("/" + form.TrimStart('/'), ("reason", "forged"));
            seen.Status.ShouldBe(HttpStatusCode.BadRequest, form);
            seen.Html.ShouldContain("Nothing was done", customMessage: form);
        }
    }
}
