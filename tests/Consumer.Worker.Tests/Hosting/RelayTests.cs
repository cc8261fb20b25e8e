using System.Net;
using Contracts;
using MailSink;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>Several mail servers: what one of them does is a matter of its own mails.</summary>
internal sealed class RelayTests
{
    private SmtpSink _bulk = null!;
    private SmtpSink _news = null!;

    [SetUp]
    public void SetUp() => (_bulk, _news) = (SmtpSink.StartOnFreePort(), SmtpSink.StartOnFreePort());

    [TearDown]
    public async Task TearDown()
    {
        await _bulk.DisposeAsync();
        await _news.DisposeAsync();
    }

    [Test]
    public async Task A_mail_goes_by_the_relay_of_the_first_route_that_fits_and_by_the_default_one_where_none_does()
    {
        await using var worker = await StartAsync();
        var ids = new List<Guid>
        {
            await PostAsync(worker, "ann@bulk.example"),
            await PostAsync(worker, "Bob <bob@BULK.example>", "news"),
            await PostAsync(worker, "ann@example.com", "news", "other"),
            await PostAsync(worker, "ann@example.com", new MailTag("news", "spring")),
            await PostAsync(worker, "ann@example.com"),
            await PostAsync(worker, "ann@below.bulk.example"),
        };

        foreach (var id in ids)
            await worker.WhenAsync(id, MailState.Sent);
        (_bulk.Mails.Count, _news.Mails.Count, worker.Sink.Mails.Count).ShouldBe((2, 2, 2));
    }

    [Test]
    public async Task While_one_relay_is_away_its_mails_wait_uncounted_and_all_others_go_on()
    {
        // Fewer places than mails that wait, so that those would keep the others out.
        await using var worker = await StartAsync("--Worker:ConcurrentMails=5");
        _bulk.PauseListening(dropConnections: true);
        var waiting = new List<Guid>();
        for (var i = 0; i < 40; i++)
            waiting.Add(await PostAsync(worker, $"sender{i % 4}@bulk.example"));
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp:bulk", "The mail server of relay bulk has been unavailable since", "for bulk since");

        for (var i = 0; i < 30; i++)
            await worker.WhenAsync(await PostAsync(worker, "ann@example.com", i % 2 == 0 ? ["news"] : []), MailState.Sent);
        foreach (var id in waiting)
            ((await worker.Mails.FindAsync(id))?.Mail.State ?? MailState.Queued).ShouldBe(MailState.Queued);
        (await worker.Workers.FindPauseAsync()).ShouldBeNull("the worker sends");
        await Eventually.Until(
            async () => (await worker.Workers.FindPaceAsync()).Relays.Single(relay => relay.Name == "bulk").UnavailableReason?.Contains("Smtp:Relays:bulk", StringComparison.Ordinal) == true,
            null, "the heartbeat tells of the relay");
        var committed = worker.Kafka.Records.Lag(worker.Topics.Group, worker.Topics.Mails);
        committed.ShouldBeGreaterThanOrEqualTo(waiting.Count, "no offset moves past a mail that waits");

        _bulk.ResumeListening();
        foreach (var id in waiting)
            (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
        _bulk.Mails.Count.ShouldBe(waiting.Count);
        worker.Kafka.Records.ReadAll(worker.Topics.DeadLetters).ShouldBeEmpty();
        await worker.ReadyAsync(HttpStatusCode.OK, "ready");
        await worker.NoLagAsync();
    }

    [Test]
    public async Task Mails_of_one_key_stay_in_order_over_relays_of_which_one_is_away()
    {
        await using var worker = await StartAsync();
        _bulk.PauseListening(dropConnections: true);
        var first = await worker.PostAsync(Mail("ann@bulk.example") with { OrderingKey = "order-1" });
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp:bulk");
        var second = await worker.PostAsync(Mail("ann@example.com") with { OrderingKey = "order-1" });
        await worker.WhenAsync(await PostAsync(worker, "ann@example.com"), MailState.Sent);
        (await worker.Mails.FindAsync(second)).ShouldBeNull("it waits for the one before it");

        _bulk.ResumeListening();
        (await worker.WhenAsync(first, MailState.Sent)).Attempt.ShouldBe(1);
        (await worker.WhenAsync(second, MailState.Sent)).Attempt.ShouldBe(1);
    }

    [Test]
    public async Task The_second_relay_is_used_while_the_first_is_away_and_no_longer()
    {
        await using var worker = await StartAsync("--Smtp:Routes:1:SecondRelay=news");
        await worker.WhenAsync(await PostAsync(worker, "ann@bulk.example"), MailState.Sent);
        _bulk.Mails.Count.ShouldBe(1);

        _bulk.PauseListening(dropConnections: true);
        for (var i = 0; i < 10; i++)
            (await worker.WhenAsync(await PostAsync(worker, "ann@bulk.example"), MailState.Sent)).Attempt.ShouldBe(1);
        _news.Mails.Count.ShouldBe(10);
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp:bulk");

        _news.PauseListening(dropConnections: true);
        var waits = await PostAsync(worker, "ann@bulk.example");
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp:bulk", "smtp:news", "for bulk, else news since");
        _news.ResumeListening();
        (await worker.WhenAsync(waits, MailState.Sent)).Attempt.ShouldBe(1);
        _news.Mails.Count.ShouldBe(11, "whichever is back takes it");

        _bulk.ResumeListening();
        await worker.ReadyAsync(HttpStatusCode.OK, "ready");
        await worker.WhenAsync(await PostAsync(worker, "ann@bulk.example"), MailState.Sent);
        (_bulk.Mails.Count, _news.Mails.Count).ShouldBe((2, 11));
    }

    [Test]
    public async Task A_slow_relay_slows_no_other_and_each_has_its_own_pace()
    {
        // A mail each two seconds, and fewer places than mails that wait for that.
        await using var worker = await StartAsync("--Smtp:Relays:bulk:Rate=30/m", "--Worker:ConcurrentMails=5");
        for (var i = 0; i < 60; i++)
            await PostAsync(worker, "ann@bulk.example");
        await Eventually.Until(() => _bulk.Mails.Count > 0, null, "the slow relay has its first mail");

        for (var i = 0; i < 20; i++)
            (await worker.WhenAsync(await PostAsync(worker, "ann@example.com"), MailState.Sent)).Attempt.ShouldBe(1);
        _bulk.Mails.Count.ShouldBeLessThan(60, "they are sent while the slow one has mails yet");
        await Eventually.Until(
            async () => (await worker.Workers.FindPaceAsync()).Relays.Select(relay => (relay.Name, relay.Pace.Allowed)).SequenceEqual([("bulk", 0.5), ("default", null), ("news", null)]),
            null, "the heartbeat tells each pace");
    }

    [Test]
    public async Task Where_all_relays_are_away_the_worker_pauses()
    {
        await using var worker = await StartAsync();
        worker.Sink.PauseListening(dropConnections: true);
        _bulk.PauseListening(dropConnections: true);
        _news.PauseListening(dropConnections: true);
        Guid[] ids = [await PostAsync(worker, "ann@bulk.example"), await PostAsync(worker, "ann@example.com", "news"), await PostAsync(worker, "ann@example.com")];

        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp:bulk", "smtp:news", "The mail server has been unavailable since");
        await Eventually.Until(async () => await worker.Workers.FindPauseAsync() is not null, null, "the heartbeat says that it pauses");

        worker.Sink.ResumeListening();
        _bulk.ResumeListening();
        _news.ResumeListening();
        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
    }

    [Test]
    public async Task What_one_relay_refuses_is_asked_of_no_other()
    {
        await using var worker = await StartAsync("--Smtp:Routes:1:SecondRelay=news");
        var refused = _bulk.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 No such user")));
        await worker.WhenAsync(await PostAsync(worker, "ann@bulk.example"), MailState.Dead);
        (refused.Hits, _news.Mails.Count).ShouldBe((1, 0));
    }

    [Test]
    public async Task Metrics_tell_each_relay_by_its_name()
    {
        await using var worker = await StartAsync();
        await worker.WhenAsync(await PostAsync(worker, "ann@bulk.example"), MailState.Sent);
        using var http = new HttpClient { BaseAddress = worker.Address };
        await Eventually.Passes(
            () => http.GetStringAsync(new Uri("/metrics", UriKind.Relative)),
            metrics =>
            {
                metrics.ShouldMatch("mails_sent_total\\{[^}]*relay=\"bulk\"[^}]*\\} 1\\b");
                foreach (var relay in new[] { "default", "bulk", "news" })
                    metrics.ShouldMatch($"smtp_connections_allowed\\{{[^}}]*relay=\"{relay}\"[^}}]*\\}} 20\\b");
                metrics.ShouldMatch("smtp_unavailable\\{[^}]*relay=\"bulk\"[^}]*\\} 0\\b");
            },
            null, "metrics name the relays");
    }

    private Task<RunningWorker> StartAsync(params string[] options) => RunningWorker.StartAsync(
    [
        "--Smtp:Relays:bulk:Host=127.0.0.1", $"--Smtp:Relays:bulk:Port={_bulk.Port}",
        "--Smtp:Relays:News:Host=127.0.0.1", $"--Smtp:Relays:News:Port={_news.Port}",
        "--Smtp:Routes:1:SenderDomain=bulk.example", "--Smtp:Routes:1:Relay=bulk",
        "--Smtp:Routes:2:Tag=news", "--Smtp:Routes:2:Relay=news",
        .. options,
    ]);

    private static SendEmail Mail(string from, params MailTag[] tags) =>
        new() { From = from, To = ["bob@example.com"], Subject = "subject", Text = "text", Tags = tags };

    private static Task<Guid> PostAsync(RunningWorker worker, string from, params MailTag[] tags) => worker.PostAsync(Mail(from, tags));
}
