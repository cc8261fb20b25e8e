using System.Net;
using Microsoft.Playwright;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Operations;
using Producer.Api.Failures;

namespace Console.Tests;

/// <summary>What people do, with a browser and without scripts.</summary>
public sealed class ActTests
{
    private ConsoleHost _host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _host = await ConsoleHost.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [Test]
    public async Task Without_scripts_a_failure_is_replayed_from_the_list_on()
    {
        var (mail, failure) = await _host.Store.FailAsync();
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/failures?status=unresolved&mail_id={mail}");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "550 no such user" }).ClickAsync();
        await page.GetByLabel("Reason, for those who look later").FillAsync("the mailbox exists <b>now</b>");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("handed to the workers again");
        // The audit.
        await Assertions.Expect(page.GetByText("the mailbox exists <b>now</b>")).ToHaveCountAsync(1);
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay" })).ToHaveCountAsync(0);
        var acted = (await _host.Store.Failures.FindAsync(failure))!;
        acted.Status.ShouldBe(FailureStatus.Replayed);
        acted.Actions.ShouldHaveSingleItem().Reason.ShouldBe("the mailbox exists <b>now</b>");
        _host.Queue.Records.Count(record => record.Header("MessageId").Contains(mail.ToString())).ShouldBe(1);
    }

    [Test]
    public async Task Without_scripts_a_failure_is_discarded_with_a_reason()
    {
        var (mail, failure) = await _host.Store.FailAsync();
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{_host.Address}/console/failures/{failure}");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Discard" }).ClickAsync();
        page.Url.ShouldEndWith(failure.ToString(), customMessage: "the browser asks for the reason first");
        await page.GetByLabel("Reason", new PageGetByLabelOptions { Exact = true }).FillAsync("no such customer");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Discard" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("discarded");
        (await _host.Store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Discarded);
    }

    [Test]
    public async Task Without_scripts_all_failures_of_a_cause_are_replayed_from_its_group_on()
    {
        await using var host = await ConsoleHost.StartAsync();
        for (var number = 0; number < 30; number++)
            await host.Store.ProjectAsync(Guid.CreateVersion7());
        await host.Store.ProjectAsync(Guid.CreateVersion7(), exceptionType: "OtherException");
        await using var context = await Chromium.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{host.Address}/console/groups");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "550 no such user" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay 5 first" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Replay of 5 failures" })).ToBeVisibleAsync();
        await Eventually.Until(async () => (await host.Store.Failures.CountAsync(new FailureFilter { Statuses = [FailureStatus.Replayed] })).Count == 5, null, "five are replayed");
        await page.GotoAsync($"{host.Address}/console/failures?exception=MailKit.Net.Smtp.SmtpCommandException");
        await page.GetByText("Act on all 25 that match").ClickAsync();
        await page.GetByLabel("Reason (may be left out)").FillAsync("the mailbox is back");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay all 25" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Replay of 25 failures" })).ToBeVisibleAsync();
        await Eventually.Until(async () => (await host.Store.Failures.CountAsync(new FailureFilter { Statuses = [FailureStatus.Replayed] })).Count == 30, null, "all are replayed");
        host.Queue.Records.Count.ShouldBe(30);
        (await host.Store.Failures.CountAsync(new FailureFilter { Statuses = [FailureStatus.Unresolved] })).Count.ShouldBe(1);
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByText("completed")).ToBeVisibleAsync();
    }

    [Test]
    public async Task An_operation_that_cannot_be_says_why_and_a_paused_one_goes_on()
    {
        await using var host = await ConsoleHost.StartAsync();
        for (var number = 0; number < 100; number++)
            await host.Store.ProjectAsync(Guid.CreateVersion7());
        using var visitor = new Visitor(host);
        await visitor.GetAsync("/console/failures?code=550");
        (await visitor.PostAsync("/console/operations", ("action", "discard"), ("code", "550"))).Html.ShouldContain("Say why");
        (await visitor.PostAsync("/console/operations", ("action", "replay"), ("status", "unresolved"))).Html.ShouldContain("restricts nothing");
        (await visitor.PostAsync("/console/operations", ("action", "replay"), ("code", "550"), ("limit", "many"))).Html.ShouldContain("a whole number is expected");
        (await visitor.PostAsync("/console/operations", ("action", "replay"), ("code", "550"), ("rate_per_second", "1"))).Status.ShouldBe(HttpStatusCode.Redirect);
        var operation = (await host.Get<OperationStore>().ListAsync(null, 1)).Items[0].Id;
        (await visitor.PostAsync($"/console/operations/{operation}/pause")).Status.ShouldBe(HttpStatusCode.Redirect);
        (await visitor.PostAsync($"/console/operations/{operation}/pause")).Html.ShouldContain("the operation is paused");
        (await visitor.PostAsync($"/console/operations/{operation}/resume")).Status.ShouldBe(HttpStatusCode.Redirect);
        (await visitor.PostAsync($"/console/operations/{operation}/cancel")).Status.ShouldBe(HttpStatusCode.Redirect);
        (await host.Get<OperationStore>().FindAsync(operation))!.State.ShouldBe(OperationState.Canceled);
    }

    [Test]
    public async Task Every_filter_of_the_API_is_one_of_the_page_so_that_an_operation_acts_on_no_more_than_it_shows()
    {
        using var visitor = new Visitor(_host);
        var page = await visitor.GetAsync("/console/failures");
        foreach (var name in FilterTexts.Names)
            page.Html.ShouldContain($" name=\"{name}\"");
    }

    [Test]
    public async Task What_cannot_be_done_says_why_and_is_done_once()
    {
        var (mail, failure) = await _host.Store.FailAsync();
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/failures/{failure}");
        (await visitor.PostAsync($"/console/failures/{failure}/discard", ("reason", " "))).Html.ShouldContain("Say why");
        // A second press of the button.
        var twice = await Task.WhenAll(visitor.PostAsync($"/console/failures/{failure}/replay"), visitor.PostAsync($"/console/failures/{failure}/replay"));
        twice.Select(seen => seen.Status).ShouldBe([HttpStatusCode.Redirect, HttpStatusCode.Conflict], ignoreOrder: true);
        twice.Single(seen => seen.Status == HttpStatusCode.Conflict).Html.ShouldContain("Nothing was done");
        _host.Queue.Records.Count(record => record.Header("MessageId").Contains(mail.ToString())).ShouldBe(1);
        (await visitor.GetAsync($"/console/failures/{Guid.NewGuid()}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await visitor.GetAsync("/console/failures/x")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_replay_that_Kafka_does_not_take_is_said_to_be_recorded()
    {
        await using var host = await ConsoleHost.StartAsync(("Api:AcceptTimeout", "00:00:01"));
        var (_, failure) = await host.Store.FailAsync();
        host.Queue.Before = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        using var visitor = new Visitor(host);
        await visitor.GetAsync($"/console/failures/{failure}");
        var done = await visitor.PostAsync($"/console/failures/{failure}/replay");
        done.Location.ShouldBe($"/console/failures/{failure}?done=recorded");
        (await visitor.GetAsync(done.Location!)).Html.ShouldContain("Kafka did not respond in time");
    }

    [Test]
    public async Task A_scheduled_mail_gets_another_time_and_is_canceled()
    {
        var mail = Guid.CreateVersion7();
        await _host.Store.ScheduleAsync(mail, DateTimeOffset.UtcNow.AddHours(1));
        using var visitor = new Visitor(_host);
        await visitor.GetAsync($"/console/mails/{mail}");
        (await visitor.PostAsync($"/console/mails/{mail}/reschedule", ("scheduled_at", "tomorrow"))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await visitor.PostAsync($"/console/mails/{mail}/reschedule", ("scheduled_at", "in 3 hours"))).Location.ShouldBe($"/console/mails/{mail}?done=rescheduled");
        (await _host.Store.Mails.FindAsync(mail))!.Mail.ScheduledAt!.Value.ShouldBe(DateTimeOffset.UtcNow.AddHours(3), TimeSpan.FromMinutes(1));
        (await visitor.PostAsync($"/console/mails/{mail}/cancel")).Location.ShouldBe($"/console/mails/{mail}?done=canceled");
        var after = await visitor.GetAsync($"/console/mails/{mail}?done=canceled");
        after.Html.ShouldContain("nothing sends it");
        after.Html.ShouldNotContain("/cancel\"");
        (await visitor.PostAsync($"/console/mails/{mail}/reschedule", ("scheduled_at", "in 3 hours"))).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Test]
    public async Task A_mail_is_found_by_its_id()
    {
        using var visitor = new Visitor(_host);
        var id = Guid.NewGuid();
        (await visitor.GetAsync($"/console/mails/find?id=+{id}+")).Location.ShouldBe($"/console/mails/{id}");
        (await visitor.GetAsync("/console/mails/find?id=x")).Status.ShouldBe(HttpStatusCode.NotFound);
    }
}
