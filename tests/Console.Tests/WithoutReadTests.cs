using System.Net;
using System.Text.Json;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Operations;
using Producer.Api.Keys;

namespace Console.Tests;

/// <summary>Who may act and not read: their forms do what they say, and whatever comes of it, no page shows a mail.</summary>
public sealed class WithoutReadTests
{
    private const string Secret = "what nobody else may know";

    private ConsoleHost _host = null!;
    private Visitor _visitor = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _host = await ConsoleHost.StartAsync(("environment", "Production"), ("Api:Key", ConsoleHost.Key), ("Console:Enabled", "true"));
        _visitor = await SignInAsync(KeyScope.Operate, KeyScope.Send);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _visitor?.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [Test]
    public async Task A_failure_is_decided_about_and_not_shown()
    {
        var (_, failure) = await _host.Store.FailAsync(JsonSerializer.SerializeToUtf8Bytes(new { from = "a@example.com", to = new[] { "b@example.com" }, subject = Secret, text = Secret }));
        await PostAsync($"/console/failures/{failure}/discard", HttpStatusCode.BadRequest, "Say why");
        await PostAsync($"/console/failures/{failure}/restore", HttpStatusCode.Conflict, "it was not discarded");
        await PostAsync($"/console/failures/{failure}/discard", HttpStatusCode.OK, "its mail stays unsent", ("reason", "r"));
        await PostAsync($"/console/failures/{failure}/discard", HttpStatusCode.Conflict, "it was discarded", ("reason", "r"));
        await PostAsync($"/console/failures/{failure}/restore", HttpStatusCode.OK, "waits for a decision again");
        await PostAsync($"/console/failures/{failure}/replay", HttpStatusCode.OK, "handed to the workers again");
        await PostAsync($"/console/failures/{failure}/replay", HttpStatusCode.Conflict, "Nothing was done");
        await PostAsync($"/console/failures/{failure}/edit", HttpStatusCode.Forbidden, "lacks the scope &#x27;read&#x27;");
        (await _visitor.GetAsync($"/console/failures/{failure}")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task A_note_is_written_and_its_group_not_shown()
    {
        var failure = (await _host.Store.Failures.FindAsync(await _host.Store.ProjectAsync(Guid.CreateVersion7(), message: $"550 5.1.1 {Secret}")))!;
        await PostAsync("/console/groups/note", HttpStatusCode.BadRequest, "at most 2000", ("by", "cause"), ("key", failure.Fingerprint), ("note", new string('n', 2_001)));
        await PostAsync("/console/groups/note", HttpStatusCode.OK, "The note is written", ("by", "cause"), ("key", failure.Fingerprint), ("note", "n"));
    }

    [Test]
    public async Task A_mail_is_canceled_and_not_shown()
    {
        var (sent, waiting) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _host.Store.SendAsync(sent, record => record with { Subject = Secret });
        await _host.Store.ScheduleAsync(waiting, DateTimeOffset.UtcNow.AddHours(1));
        await PostAsync($"/console/mails/{sent}/cancel", HttpStatusCode.Conflict, "the mail is sent");
        await PostAsync($"/console/mails/{sent}/reschedule", HttpStatusCode.Conflict, "Nothing was done", ("scheduled_at", "in 1 hour"));
        await PostAsync($"/console/mails/{sent}/reschedule", HttpStatusCode.UnprocessableEntity, "scheduled_at", ("scheduled_at", "tomorrow"));
        await PostAsync($"/console/mails/{waiting}/reschedule", HttpStatusCode.OK, "has its new time", ("scheduled_at", "in 3 hours"));
        await PostAsync($"/console/mails/{waiting}/cancel", HttpStatusCode.OK, "nothing sends it");
        (await _host.Store.Mails.FindAsync(waiting))!.Mail.State.ShouldBe(MailState.Canceled);
    }

    [Test]
    public async Task Who_may_not_cancel_one_mail_cancels_none_by_an_operation()
    {
        var mail = Guid.CreateVersion7();
        await _host.Store.ScheduleAsync(mail, DateTimeOffset.UtcNow.AddHours(1), "spring@example.com");
        using var other = await SignInAsync(KeyScope.Operate, KeyScope.Read);

        var refused = await other.PostAsync("/console/operations", ("action", "cancel"), ("sender", "spring@example.com"), ("reason", "r"));

        refused.Status.ShouldBe(HttpStatusCode.Forbidden);
        refused.Html.ShouldContain("lacks the scope &#x27;send&#x27;");
        (await _host.Get<OperationStore>().ListAsync(null, 1)).Items.ShouldBeEmpty();
        (await _host.Store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Scheduled);
    }

    private async Task PostAsync(string path, HttpStatusCode status, string says, params (string, string)[] fields)
    {
        var seen = await _visitor.PostAsync(path, fields);
        seen.Status.ShouldBe(status, path);
        seen.Html.ShouldContain(says);
        seen.Html.ShouldNotContain(Secret);
    }

    private async Task<Visitor> SignInAsync(params KeyScope[] scopes)
    {
        var (secret, hash) = KeySecret.Make();
        await _host.Get<KeyStore>().CreateAsync(new NewKey { Name = $"key-{Guid.NewGuid():N}", Scopes = scopes }, hash, "test");
        await _host.Get<KnownKeys>().RefreshAsync(default);
        var visitor = new Visitor(_host);
        await visitor.SignInAsync(secret, "eve", "/console");
        (await visitor.GetAsync("/console")).Status.ShouldBe(HttpStatusCode.OK);
        return visitor;
    }
}
