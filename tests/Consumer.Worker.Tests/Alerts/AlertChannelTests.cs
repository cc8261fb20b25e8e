using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Consumer.Worker.Alerts;
using MailSink;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Alerts;

/// <summary>What each channel says, byte by byte, to a real server; and what each reply means.</summary>
internal sealed class AlertChannelTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 15, 0, 0, TimeSpan.Zero));
    private AlertReceiver _receiver = null!;
    private SmtpSink _sink = null!;
    private IHost _host = null!;

    [SetUp]
    public async Task SetUp()
    {
        _receiver = await AlertReceiver.StartAsync();
        _sink = SmtpSink.StartOnFreePort();
        _host = Build();
    }

    [TearDown]
    public async Task TearDown()
    {
        _host.Dispose();
        await _receiver.DisposeAsync();
        await _sink.DisposeAsync();
    }

    [Test]
    public async Task Slack_gets_one_text_in_which_foreign_words_are_words()
    {
        await PostAsync<SlackChannel>("/services/T0/B0/secret");
        Text("text").ShouldBe("""
            *[Staging] 29 mails failed, 3 causes over*
            • *New*: 550 5.1.1 &lt;!here&gt; *no* [such](http://x) user &amp; more
               10 failures since 2026-03-01 12:00 UTC, 9 open (fingerprint eaf69a07d15d45a3) <https://mail.example.com/ops/failures?status=unresolved&amp;fingerprint=eaf69a07d15d45a3|Show>
            • *Known*: 451 4.3.0 Later
               2 more, 1234 failures since 2026-03-01 12:00 UTC, 5 open (fingerprint eaf69a07d15d45a3) <https://mail.example.com/ops/failures?status=unresolved&amp;fingerprint=eaf69a07d15d45a3|Show>
            • *Over*: The relay refuses logins: 535 5.7.8 Bad credentials
               1 failure since 2026-03-01 12:00 UTC; none waits any more (fingerprint eaf69a07d15d45a3) <https://mail.example.com/ops/failures?status=unresolved&amp;fingerprint=eaf69a07d15d45a3|Show>
            • *Over*: 552 5.2.2 Full
               7 failures since 2026-03-01 12:00 UTC; no new one came since 2026-03-01 12:04 UTC, 3 open (fingerprint eaf69a07d15d45a3) <https://mail.example.com/ops/failures?status=unresolved&amp;fingerprint=eaf69a07d15d45a3|Show>
            • 17 failures of 3 other causes, 1 other cause over: see GET /failures
            """.ReplaceLineEndings("\n"));
        Body().AsObject().Count.ShouldBe(1);
    }

    [Test]
    public async Task Teams_gets_a_message_with_an_adaptive_card_of_text_runs()
    {
        await PostAsync<TeamsChannel>("/workflows/1/triggers/manual");
        const string link = "https://mail.example.com/ops/failures?status=unresolved&fingerprint=eaf69a07d15d45a3";
        static object Run(string text, string weight = "Default", string size = "Default") => new { type = "TextRun", text, weight, size };
        static object Block(params object[] inlines) => new { type = "RichTextBlock", inlines };
        static object Cause(string label, string title, string detail) => Block(Run($"{label}: ", "Bolder"), Run(title), Run($"\n{detail} (fingerprint eaf69a07d15d45a3)"));
        static object Button(string title) => new { type = "Action.OpenUrl", title, url = link };
        ShouldBe(new
        {
            type = "message",
            attachments = new[]
            {
                new
                {
                    contentType = "application/vnd.microsoft.card.adaptive",
                    content = new Dictionary<string, object>
                    {
                        ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                        ["type"] = "AdaptiveCard",
                        ["version"] = "1.4",
                        ["msteams"] = new { width = "Full" },
                        ["body"] = new[]
                        {
                            Block(Run("[Staging] 29 mails failed, 3 causes over", "Bolder", "Large")),
                            Cause("New", "550 5.1.1 <!here> *no* [such](http://x) user & more", "10 failures since 2026-03-01 12:00 UTC, 9 open"),
                            Cause("Known", "451 4.3.0 Later", "2 more, 1234 failures since 2026-03-01 12:00 UTC, 5 open"),
                            Cause("Over", "The relay refuses logins: 535 5.7.8 Bad credentials", "1 failure since 2026-03-01 12:00 UTC; none waits any more"),
                            Cause("Over", "552 5.2.2 Full", "7 failures since 2026-03-01 12:00 UTC; no new one came since 2026-03-01 12:04 UTC, 3 open"),
                            Block(Run("17 failures of 3 other causes, 1 other cause over: see GET /failures")),
                        },
                        ["actions"] = new[]
                        {
                            Button("550 5.1.1 <!here> *no* [such](http://x) user & more"), Button("451 4.3.0 Later"),
                            Button("The relay refuses logins: 535 5.7.8 Bad credentials"), Button("552 5.2.2 Full"),
                        },
                    },
                },
            },
        });
    }

    [Test]
    public async Task A_webhook_gets_the_digest_as_json()
    {
        await PostAsync<WebhookChannel>("/hook");
        static object Cause(string title, bool isNew, int failures, int inAll, int open, string? overAt = null, string? over = null) => new
        {
            episode_id = "0198c5a4-0000-7d3a-9a53-0d3c3f0a1b2c",
            fingerprint = "eaf69a07d15d45a3",
            title,
            is_new = isNew,
            failures,
            failures_in_all = inAll,
            open,
            failure_id = "0198c5a4-1111-7d3a-9a53-0d3c3f0a1b2c",
            since = "2026-03-01T12:00:00+00:00",
            latest = "2026-03-01T12:04:00+00:00",
            over_at = overAt,
            over,
            link = "https://mail.example.com/ops/failures?status=unresolved&fingerprint=eaf69a07d15d45a3",
        };
        ShouldBe(new
        {
            type = "failures.digest",
            timestamp = "2026-03-01T12:05:00+00:00",
            data = new
            {
                environment = "Staging",
                failures = 29,
                causes = new[]
                {
                    Cause("550 5.1.1 <!here> *no* [such](http://x) user & more", true, 10, 10, 9),
                    Cause("451 4.3.0 Later", false, 2, 1234, 5),
                    Cause("The relay refuses logins: 535 5.7.8 Bad credentials", true, 0, 1, 0, "2026-03-01T14:00:00+00:00", "closed"),
                    Cause("552 5.2.2 Full", true, 0, 7, 3, "2026-03-01T15:00:00+00:00", "quiet"),
                },
                other_causes = 3,
                other_failures = 17,
                other_over = 1,
            },
        });
    }

    [Test]
    public async Task A_webhook_is_signed_as_standard_webhooks_has_it()
    {
        await PostAsync<WebhookChannel>("/hook");
        var post = _receiver.Posts.Single();
        post.Headers["Content-Type"].ShouldBe("application/json");
        post.Headers["webhook-id"].ShouldBe("msg_0198c5a41f1e7d3a9a530d3c3f0a1b2c");
        post.Headers["webhook-timestamp"].ShouldBe("1772377200", "the time of the try, by which a receiver refuses old ones");
        var signature = HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"msg_0198c5a41f1e7d3a9a530d3c3f0a1b2c.1772377200.{post.Body}"));
        post.Headers["webhook-signature"].ShouldBe($"v1,{Convert.ToBase64String(signature)}");
    }

    /// <summary>The example of the specification's own libraries.</summary>
    [Test]
    public void The_signature_is_that_of_the_specifications_example() =>
        WebhookSignature.Of(WebhookSignature.Key(Secret)!, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8)
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Test]
    public async Task Alertmanager_gets_an_alert_for_each_episode_which_ends_by_itself_where_it_is_not_told_again()
    {
        await PostAsync<AlertmanagerChannel>("/api/v2/alerts");
        static object Alert(string summary, string description, string known, string open, string endsAt) => new
        {
            labels = new { alertname = "MailFailures", environment = "Staging", fingerprint = "eaf69a07d15d45a3" },
            annotations = new { summary, description = $"{description} (fingerprint eaf69a07d15d45a3)", known, open },
            startsAt = "2026-03-01T12:00:00Z",
            endsAt,
            generatorURL = "https://mail.example.com/ops/failures?status=unresolved&fingerprint=eaf69a07d15d45a3",
        };
        ShouldBe(new[]
        {
            Alert("550 5.1.1 <!here> *no* [such](http://x) user & more", "10 failures since 2026-03-01 12:00 UTC, 9 open", "new", "9", "2026-03-01T15:04:00Z"),
            Alert("451 4.3.0 Later", "2 more, 1234 failures since 2026-03-01 12:00 UTC, 5 open", "known", "5", "2026-03-01T15:04:00Z"),
            Alert("The relay refuses logins: 535 5.7.8 Bad credentials", "1 failure since 2026-03-01 12:00 UTC; none waits any more", "new", "0", "2026-03-01T14:00:00Z"),
            Alert("552 5.2.2 Full", "7 failures since 2026-03-01 12:00 UTC; no new one came since 2026-03-01 12:04 UTC, 3 open", "new", "3", "2026-03-01T15:00:00Z"),
        });
    }

    [Test]
    public async Task An_e_mail_goes_by_the_workers_own_mail_server()
    {
        (await Channel<EmailChannel>().PostAsync(AlertWorld.Post, CancellationToken.None)).ShouldBe(AlertOutcome.Sent);
        var mail = _sink.Mails.All().ShouldHaveSingleItem();
        mail.Recipients.ShouldBe(["ops@example.com", "ann@example.com"]);
        var message = mail.Parse();
        message.Subject.ShouldBe("[Staging] 29 mails failed, 3 causes over");
        message.MessageId.ShouldBe("0198c5a4-1f1e-7d3a-9a53-0d3c3f0a1b2c@example.com");
        message.Headers["Auto-Submitted"].ShouldBe("auto-generated");
        message.From.ToString().ShouldBe("alerts@example.com");
        message.TextBody!.ReplaceLineEndings("\n").ShouldStartWith("""
            New: 550 5.1.1 <!here> *no* [such](http://x) user & more
              10 failures since 2026-03-01 12:00 UTC, 9 open (fingerprint eaf69a07d15d45a3)
              https://mail.example.com/ops/failures?status=unresolved&fingerprint=eaf69a07d15d45a3

            Known: 451 4.3.0 Later
              2 more, 1234 failures since 2026-03-01 12:00 UTC, 5 open (fingerprint eaf69a07d15d45a3)

            """.ReplaceLineEndings("\n").Replace("a3)\n\n", "a3)\n  https://mail.example.com/ops/failures?status=unresolved&fingerprint=eaf69a07d15d45a3\n\n", StringComparison.Ordinal));
        message.TextBody!.TrimEnd().ShouldEndWith("17 failures of 3 other causes, 1 other cause over: see GET /failures");
    }

    [Test]
    public async Task An_e_mail_that_somebody_has_is_not_sent_again_for_the_sake_of_others_and_one_that_nobody_has_is()
    {
        _sink.Script.Add(new MailSink.Rules.ScriptRule(MailSink.Rules.SmtpStage.Rcpt, MailSink.Rules.RuleAction.Reply(451)) { Recipient = "ann@*" });
        (await Channel<EmailChannel>().PostAsync(AlertWorld.Post, CancellationToken.None)).ShouldBe(AlertOutcome.Sent);

        _sink.Script.Add(new MailSink.Rules.ScriptRule(MailSink.Rules.SmtpStage.Rcpt, MailSink.Rules.RuleAction.Reply(451)) { Recipient = "ops@*" });
        var outcome = await Channel<EmailChannel>().PostAsync(AlertWorld.Post, CancellationToken.None);
        outcome.Error.ShouldNotBeNull().ShouldContain("ops@example.com: 451");
        outcome.Refused.ShouldBeFalse();
    }

    [Test]
    public async Task An_e_mail_fails_while_the_mail_server_is_away()
    {
        _sink.PauseListening(dropConnections: true);
        var outcome = await Channel<EmailChannel>().PostAsync(AlertWorld.Post, CancellationToken.None);
        outcome.Error.ShouldNotBeNull().ShouldContain("mail server");
        outcome.Refused.ShouldBeFalse();
    }

    [Test]
    public async Task An_e_mail_goes_to_nobody_whom_the_worker_may_not_write_to()
    {
        _host.Dispose();
        _host = Build(("Smtp:OnlyTo", "ann@example.com"));
        (await Channel<EmailChannel>().PostAsync(AlertWorld.Post, CancellationToken.None)).ShouldBe(AlertOutcome.Sent);
        _sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldBe(["ann@example.com"]);
    }

    [TestCase(HttpStatusCode.InternalServerError, null, false, null)]
    [TestCase(HttpStatusCode.NotFound, null, false, null)]
    [TestCase(HttpStatusCode.TooManyRequests, "30", false, 30)]
    [TestCase(HttpStatusCode.ServiceUnavailable, "Sun, 01 Mar 2026 15:02:00 GMT", false, 120)]
    [TestCase(HttpStatusCode.TooManyRequests, "1000000", false, 3600)]
    [TestCase(HttpStatusCode.TooManyRequests, "Sun, 01 Mar 2026 14:02:00 GMT", false, null)]
    [TestCase(HttpStatusCode.TooManyRequests, "soon", false, null)]
    [TestCase(HttpStatusCode.BadRequest, null, true, null)]
    [TestCase(HttpStatusCode.Gone, null, true, null)]
    [TestCase(HttpStatusCode.Redirect, null, false, null)]
    public async Task A_status_says_whether_and_when_to_try_again(HttpStatusCode status, string? retryAfter, bool refused, int? seconds)
    {
        _receiver.FailNext(status, retryAfter);
        var outcome = await Channel<SlackChannel>().PostAsync(AlertWorld.Post, CancellationToken.None);
        outcome.ShouldBe(new AlertOutcome($"HTTP status {(int)status}", refused, seconds is { } wait ? TimeSpan.FromSeconds(wait) : null));
        _receiver.Posts.ShouldBeEmpty("no redirect is followed");
    }

    [Test]
    public async Task A_refused_connection_is_told_without_the_address_which_is_a_secret()
    {
        await _receiver.DisposeAsync();
        var outcome = await Channel<SlackChannel>().PostAsync(AlertWorld.Post, CancellationToken.None);
        outcome.Error.ShouldBe("ConnectionError: Connection refused");
        outcome.Refused.ShouldBeFalse();
    }

    [Test]
    public async Task A_receiver_that_does_not_reply_is_given_up_when_that_is_asked_for()
    {
        _receiver.HangNext();
        using var stop = new CancellationTokenSource();
        var post = Channel<SlackChannel>().PostAsync(AlertWorld.Post, stop.Token);
        await Eventually.Until(() => _receiver.Failed.Count == 1, null, "it has the post");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(post);
    }

    [Test]
    public void Pauses_grow_up_to_a_limit_and_are_never_shorter_than_what_is_asked_for()
    {
        Enumerable.Range(1, 11).Select(tries => AlertSender.Pause(tries, null).TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        AlertSender.Pause(int.MaxValue, null).ShouldBe(TimeSpan.FromMinutes(5));
        AlertSender.Pause(1, TimeSpan.FromSeconds(30)).ShouldBe(TimeSpan.FromSeconds(30));
        AlertSender.Pause(8, TimeSpan.FromSeconds(30)).ShouldBe(TimeSpan.FromSeconds(128));
    }

    private IHost Build(params (string Key, string Value)[] settings) => AlertWorld.Build("Host=nowhere.invalid", _time, null,
    [
        ("Alerts:SlackWebhookUrl", $"{_receiver.Url}/services/T0/B0/secret"),
        ("Alerts:TeamsWebhookUrl", $"{_receiver.Url}/workflows/1/triggers/manual?sig=secret"),
        ("Alerts:WebhookUrl", $"{_receiver.Url}/hook"),
        ("Alerts:WebhookSecret", Secret),
        ("Alerts:AlertmanagerUrl", $"{_receiver.Url}/"),
        ("Alerts:EmailTo", "ops@example.com, ann@example.com"),
        ("Alerts:EmailFrom", "alerts@example.com"),
        ("Alerts:PublicUrl", "https://mail.example.com/ops/"),
        ("Smtp:Host", "127.0.0.1"),
        ("Smtp:Port", $"{_sink.Port}"),
        .. settings,
    ]);

    private T Channel<T>() where T : IAlertChannel => _host.Services.GetRequiredService<T>();

    private async Task PostAsync<T>(string path) where T : IAlertChannel
    {
        Channel<T>().IsConfigured.ShouldBeTrue();
        (await Channel<T>().PostAsync(AlertWorld.Post, CancellationToken.None)).ShouldBe(AlertOutcome.Sent);
        var post = _receiver.Posts.ShouldHaveSingleItem();
        (post.Method, post.Path).ShouldBe(("POST", path));
        post.Headers["Content-Type"].ShouldStartWith("application/json");
    }

    private JsonNode Body() => JsonNode.Parse(_receiver.Posts.Single().Body)!;

    private string Text(string name) => Body()[name]!.GetValue<string>();

    private void ShouldBe(object expected)
    {
        var json = System.Text.Json.JsonSerializer.SerializeToNode(expected);
        JsonNode.DeepEquals(Body(), json).ShouldBeTrue($"was\n{Body()}\nand not\n{json}");
    }
}
