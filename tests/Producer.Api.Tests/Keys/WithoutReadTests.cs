using System.Net;
using System.Text;
using System.Text.Json;
using Persistence.Mails;

namespace Producer.Api.Tests.Keys;

/// <summary>A key without <c>read</c> acts on mails and failures, as its other scopes say, and is not shown them.</summary>
public class WithoutReadTests
{
    private const string Secret = "what nobody else may know";

    private static readonly string Mail = JsonSerializer.Serialize(new { from = "a@example.com", to = new[] { "b@example.com" }, subject = Secret, text = Secret });

    private ApiHost _api = null!;
    private Store _store = null!;
    private string _acts = "";
    private string _reads = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        _store = new Store(_api.Services);
        _acts = (await _api.MakeAsync("operate,send")).Secret;
        _reads = (await _api.MakeAsync("operate,send,read")).Secret;
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_decision_about_a_failure_is_answered_without_its_mail([Values("discard", "restore")] string action)
    {
        foreach (var (key, isShown) in new[] { (_acts, false), (_reads, true) })
        {
            var (mail, failure) = await FailAsync();
            if (action == "restore")
                await PostAsync($"/failures/{failure}/discard", _reads, """{"reason":"gone"}""");

            var text = await PostAsync($"/failures/{failure}/{action}", key, """{"reason":"gone"}""");

            var report = JsonDocument.Parse(text).RootElement;
            report.GetProperty("id").GetGuid().ShouldBe(failure);
            report.GetProperty("mail_id").GetGuid().ShouldBe(mail);
            report.GetProperty("status").GetString().ShouldBe(action == "discard" ? "discarded" : "unresolved");
            report.GetProperty("actions").EnumerateArray().Last().GetProperty("reason").GetString().ShouldBe("gone");
            text.Contains(Secret, StringComparison.Ordinal).ShouldBe(isShown);
            foreach (var member in new[] { "message", "stack", "subject", "sender", "recipients", "key", "value", "headers" })
                report.TryGetProperty(member, out _).ShouldBe(isShown, member);
            report.GetProperty("actions")[0].TryGetProperty("after", out _).ShouldBe(isShown);
        }
    }

    [Test]
    public async Task A_dry_run_is_answered_with_how_many_there_are()
    {
        var failed = await FailAsync();
        var scheduled = await ScheduleAsync();
        foreach (var (key, shown) in new[] { (_acts, 0), (_reads, 1) })
        {
            var failures = JsonDocument.Parse(await PostAsync("/operations", key, $$"""{"action":"replay","filter":{"mail_id":"{{failed.Mail}}"},"dry_run":true}""")).RootElement;
            (failures.GetProperty("matched").GetInt32(), failures.GetProperty("samples").GetArrayLength()).ShouldBe((1, shown));

            var mails = JsonDocument.Parse(await PostAsync("/operations", key, $$"""{"action":"cancel","filter":{"sender":"{{scheduled.Sender}}"},"reason":"r","dry_run":true}""")).RootElement;
            mails.GetProperty("matched").GetInt32().ShouldBe(1);
            mails.TryGetProperty("mails", out _).ShouldBe(shown == 1);
        }
    }

    [Test]
    public async Task Groups_are_shown_without_a_message_which_names_recipients()
    {
        var type = $"Group{Guid.NewGuid():N}";
        await _store.ProjectAsync(Guid.CreateVersion7(), Encoding.UTF8.GetBytes(Mail), exceptionType: type);
        foreach (var (key, isShown) in new[] { (_acts, false), (_reads, true) })
        {
            var group = (await (await _api.GetAsync($"/failure-groups?exception={type}", ("X-Api-Key", key))).JsonAsync()).GetProperty("items")[0];
            group.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
            group.TryGetProperty("sample_message", out _).ShouldBe(isShown);
        }
    }

    [Test]
    public async Task A_mail_that_is_moved_and_canceled_says_where_it_stands_and_no_more()
    {
        foreach (var (key, isShown) in new[] { (_acts, false), (_reads, true) })
        {
            var (mail, _) = await ScheduleAsync();
            var move = new HttpRequestMessage(HttpMethod.Patch, $"/emails/{mail}") { Content = new StringContent("""{"scheduled_at":"in 1 hour"}""", Encoding.UTF8, "application/json"), Headers = { { "X-Api-Key", key } } };
            var moved = await (await _api.Client.SendAsync(move)).JsonAsync();
            var canceled = JsonDocument.Parse(await PostAsync($"/emails/{mail}/cancel", key, "")).RootElement;

            foreach (var (report, state) in new[] { (moved, "scheduled"), (canceled, "canceled") })
            {
                (report.GetProperty("id").GetGuid(), report.GetProperty("state").GetString()).ShouldBe((mail, state));
                report.TryGetProperty("scheduled_at", out _).ShouldBeTrue();
                report.TryGetProperty("subject", out _).ShouldBe(isShown);
                report.TryGetProperty("from", out _).ShouldBe(isShown);
            }
        }
    }

    [TestCase("operate")]
    [TestCase("operate,read")]
    public async Task Many_mails_are_canceled_by_a_key_that_may_cancel_one(string scopes)
    {
        var (_, key) = await _api.MakeAsync(scopes);
        var (mail, sender) = await ScheduleAsync();
        foreach (var which in new[] { $$"""{"filter":{"sender":"{{sender}}"}""", $$"""{"ids":["{{mail}}"]""" })
        {
            foreach (var dryRun in new[] { "true", "false" })
            {
                var refused = await _api.PostAsync("/operations", $$"""{{which}},"action":"cancel","reason":"r","dry_run":{{dryRun}}}""", ("X-Api-Key", key));
                (await refused.ProblemAsync(403, "insufficient_scope")).GetProperty("scope").GetString().ShouldBe("send");
                refused.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer error=\"insufficient_scope\", scope=\"send\"");
            }
        }

        (await _store.Mails.FindAsync(mail))!.Mail.State.ShouldBe(MailState.Scheduled);
        await PostAsync("/operations", key, """{"action":"discard","filter":{"exception":"None"},"reason":"r"}""", HttpStatusCode.Accepted);
        await PostAsync("/operations", _acts, $$"""{"action":"cancel","ids":["{{mail}}"],"reason":"r"}""", HttpStatusCode.Accepted);
    }

    private async Task<(Guid Mail, Guid Failure)> FailAsync() => await _store.FailAsync(Encoding.UTF8.GetBytes(Mail));

    private async Task<(Guid Id, string Sender)> ScheduleAsync()
    {
        var (id, sender) = (Guid.CreateVersion7(), $"{Guid.NewGuid():N}@example.com");
        await _store.ScheduleAsync(id, DateTimeOffset.UtcNow.AddHours(2), sender);
        return (id, sender);
    }

    private async Task<string> PostAsync(string path, string key, string json, HttpStatusCode status = HttpStatusCode.OK)
    {
        var response = await _api.PostAsync(path, json, ("X-Api-Key", key));
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(status, text);
        return text;
    }
}
