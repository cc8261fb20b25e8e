using System.Net;
using MailSink.Rules;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>A mail server that wants it slower kills no mail, and is used as far as it goes.</summary>
internal sealed class PaceTests
{
    [Test]
    public async Task A_burst_before_a_server_that_takes_so_many_a_second_is_sent_and_nothing_counts_against_a_mail()
    {
        var log = new LogLines();
        await using var worker = await RunningWorker.StartAsync(sink => sink.MailsPerSecond = 5, log);
        var ids = await PostAsync(worker, 60);

        await AllSentAsync(worker, ids);
        log.Of(LogLevel.Warning).Count(line => line.Contains("Slowed by the mail server", StringComparison.Ordinal)).ShouldBeInRange(1, 10);
    }

    [Test]
    public async Task A_server_that_takes_so_many_mails_at_once_gets_no_more_at_once()
    {
        await using var worker = await RunningWorker.StartAsync(sink => sink.MailsAtOnce = 3, log: null);
        await AllSentAsync(worker, await PostAsync(worker, 150));
    }

    [Test]
    public async Task A_refused_connection_lowers_their_number_and_is_no_outage()
    {
        var log = new LogLines();
        await using var worker = await RunningWorker.StartAsync(sink => sink.MaxConnections = 10, log);
        var hold = new TaskCompletionSource();
        var held = worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.HoldReply(hold.Task)));
        var ids = await PostAsync(worker, 150);
        await Eventually.Until(() => held.Hits > 0 && worker.Sink.Counters.RepliesWith(421) > 0, null, "all connections are in use and one was refused");
        hold.SetResult();
        worker.Sink.Script.Clear();
        await AllSentAsync(worker, ids);
        log.Of(LogLevel.Warning).ShouldNotContain(line => line.Contains("pauses until", StringComparison.Ordinal));
        await worker.ReadyAsync(HttpStatusCode.OK, "degraded", "of 20 connections");
    }

    [Test]
    public async Task A_quota_that_lasts_makes_mails_wait_readiness_says_so_and_they_are_sent_once_it_is_free()
    {
        // Long enough to see what comes before it is over, and not so long that the next mail is tried minutes later.
        await using var worker = await RunningWorker.StartAsync("--Smtp:ThrottlePatience=00:00:06");
        var quota = worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Reply(454, "Throttling failure: Daily message quota exceeded.")));
        var ids = await PostAsync(worker, 20);

        await worker.ReadyAsync(HttpStatusCode.OK, "degraded", "Throttled since");
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "Throttled since", "Daily message quota exceeded");
        foreach (var id in ids)
            (await worker.Mails.FindAsync(id))?.Mail.State.ShouldBeOneOf(MailState.Queued, MailState.Sending);
        quota.Hits.ShouldBeLessThan(60);

        worker.Sink.Script.Clear();
        await AllSentAsync(worker, ids);
    }

    [Test]
    public async Task A_recipient_that_gets_too_much_slows_no_other_and_becomes_its_mails_own_failure_after_the_patience()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:ThrottlePatience=00:00:02");
        var popular = worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(450, "4.2.1 The user is receiving mail at a rate that prevents additional messages")) { Recipient = "popular@*" });
        var refused = await worker.PostAsync("popular@example.com");
        await Eventually.Until(() => popular.Hits > 0, null, "the recipient was refused");

        await AllSentAsync(worker, await PostAsync(worker, 50));
        await Eventually.Until(
            async () =>
            {
                // Others pass all the while.
                await worker.WhenAsync(await worker.PostAsync("bob@example.com"), MailState.Sent);
                return (await worker.Mails.FindAsync(refused))?.Mail.Attempt > 1;
            },
            null, "the mail has failed for now");
        worker.Sink.Script.Clear();
        (await worker.WhenAsync(refused, MailState.Sent)).Attempt.ShouldBeGreaterThan(1);
    }

    [Test]
    public async Task A_rate_is_never_exceeded_and_the_server_never_has_to_say_so()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Rate=50/s");
        await AllSentAsync(worker, await PostAsync(worker, 200));
        MostInASecond(worker.Sink.Mails.All().Select(mail => mail.ReceivedAt)).ShouldBeLessThanOrEqualTo(50);
    }

    [Test]
    public async Task The_live_workers_share_a_rate_in_equal_parts()
    {
        await using var first = await RunningWorker.StartAsync("--Smtp:Rate=20/s");
        await RateAsync(first, 20);
        await Eventually.Until(async () => (await first.Workers.FindPaceAsync()).Allowed == 20, null, "the heartbeat tells the rate");
        await using (var second = await RunningWorker.StartAsync(new DatabaseName(first.ConnectionString), first.Topics, "--Smtp:Rate=20/s"))
        {
            await RateAsync(first, 10);
            await RateAsync(second, 10);
        }

        await RateAsync(first, 20);
    }

    [Test]
    public async Task A_quota_of_an_hour_outlasts_a_restart()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Rate=10/h");
        var ids = await PostAsync(worker, 15);
        await Eventually.Until(() => worker.Sink.Mails.Count == 10, null, "ten are sent");
        await worker.ReadyAsync(HttpStatusCode.OK, "degraded", "10/h is used up");

        await worker.StopAsync();
        await worker.RestartAsync();
        await worker.ReadyAsync(HttpStatusCode.OK, "degraded", "10/h is used up");
        worker.Sink.Mails.Count.ShouldBe(10);
        var states = await Task.WhenAll(ids.Select(async id => (await worker.Mails.FindAsync(id))?.Mail.State));
        states.Count(state => state == MailState.Sent).ShouldBe(10);
        states.ShouldNotContain(MailState.Dead);
    }

    private static async Task<List<Guid>> PostAsync(RunningWorker worker, int count)
    {
        return [.. await Task.WhenAll(Enumerable.Range(0, count).Select(_ => worker.PostAsync("bob@example.com")))];
    }

    private static async Task AllSentAsync(RunningWorker worker, List<Guid> ids)
    {
        var before = worker.Sink.Mails.Count;
        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
        worker.Sink.Mails.All().Select(mail => mail.MessageId).Distinct(StringComparer.Ordinal).Count().ShouldBe(worker.Sink.Mails.Count);
        worker.Sink.Mails.Count.ShouldBeGreaterThanOrEqualTo(Math.Max(before, ids.Count));
        worker.Kafka.Records.ReadAll(worker.Topics.DeadLetters).ShouldBeEmpty();
    }

    private static Task RateAsync(RunningWorker worker, double rate) =>
        Eventually.Until(() => worker.Pace.AllowedRate is { } allowed && Math.Abs(allowed - rate) < 0.001, null, $"the worker may send {rate} a second");

    private static int MostInASecond(IEnumerable<DateTimeOffset> times)
    {
        var sorted = times.Order().ToList();
        return sorted.Max(start => sorted.Count(time => time >= start && time < start.AddSeconds(1)));
    }
}
