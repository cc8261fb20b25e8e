using System.Globalization;
using Contracts;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>Bulk mails leave the transactional ones their way, and stay bulk on every way that a mail may go.</summary>
internal sealed class StreamTests
{
    [Test]
    public async Task Transactional_mails_are_sent_before_bulk_that_came_first_where_the_rate_is_limited()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Rate=10/s");
        await BulkAsync(worker, 200);
        await Eventually.Until(() => worker.Sink.Mails.Count >= 10, null, "bulk mails are being sent");

        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => worker.PostAsync("ann@example.com")));
        foreach (var id in ids)
            await worker.WhenAsync(id, MailState.Sent);

        // As many as are sent while five are claimed and sent, and not the 190 that stood before them.
        SentBefore(worker, "ann@example.com").ShouldBeLessThan(150);
        await Eventually.Until(() => worker.Sink.Mails.Count == 205, TimeSpan.FromMinutes(3), "bulk has its turn, too");
    }

    [Test]
    public async Task Transactional_mails_wait_for_no_burst_of_bulk_where_nothing_limits_the_rate()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:MaxConnections=2", "--Worker:ConcurrentMails=10");
        // A slow server without a limit: each mail holds its connection for a while.
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromMilliseconds(300))));
        await BulkAsync(worker, 200);
        await Eventually.Until(() => worker.Sink.Mails.Count >= 10, null, "bulk mails are being sent");

        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => worker.PostAsync("ann@example.com")));
        foreach (var id in ids)
            await worker.WhenAsync(id, MailState.Sent);
        SentBefore(worker, "ann@example.com").ShouldBeLessThan(150);
    }

    [Test]
    public async Task A_mail_of_another_sender_does_not_wait_for_all_of_one_that_sends_very_many()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Rate=10/s");
        await BulkAsync(worker, 200);
        await Eventually.Until(() => worker.Sink.Mails.Count >= 10, null, "the many are being sent");

        var other = await worker.PostAsync(Bulk("bob@example.com") with { From = "other@example.com" });
        await worker.WhenAsync(other, MailState.Sent);
        SentBefore(worker, "bob@example.com").ShouldBeLessThan(150);
    }

    [Test]
    public async Task A_redelivered_bulk_mail_comes_back_to_its_own_topic()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*", Times = 2 });
        var id = await worker.PostAsync(Bulk("later@example.com"));

        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(3);
        Attempts(worker, worker.Topics.BulkMails, id).ShouldBe(["0", "1", "2"]);
        Attempts(worker, worker.Topics.Mails, id).ShouldBeEmpty();
        Records(worker, worker.Topics.BulkMails, id).ShouldAllBe(record => record.Header(HeaderNames.DelayTopic) == null);
    }

    [Test]
    public async Task A_scheduled_bulk_mail_is_produced_to_its_own_topic_when_it_is_due()
    {
        await using var worker = await RunningWorker.StartAsync();
        // By then the worker reads what is posted at once.
        await worker.WhenAsync(await worker.PostAsync(Bulk("bob@example.com")), MailState.Sent);
        var id = await worker.PostAsync(Bulk("ann@example.com") with { ScheduledAt = DateTimeOffset.UtcNow.AddSeconds(15) });

        await worker.WhenAsync(id, MailState.Scheduled);
        (await worker.WhenAsync(id, MailState.Sent)).FirstTopic.ShouldBe(worker.Topics.BulkMails);
        Records(worker, worker.Topics.BulkMails, id).Count.ShouldBe(2);
        Records(worker, worker.Topics.Mails, id).ShouldBeEmpty();
    }

    [Test]
    public async Task A_dead_bulk_mail_is_a_dead_letter_as_any_other_and_its_replay_knows_its_topic()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone@*", Times = 1 });
        var id = await worker.PostAsync(Bulk("gone@example.com"));
        await worker.WhenAsync(id, MailState.Dead);
        var failures = await Eventually.Value(async () => (await worker.Failures.ListAsync(new FailureFilter { MailId = id }, 10)).Items, found => found.Count > 0, null, "the failure is there");

        var replay = (await worker.Failures.RequestReplayAsync(failures[0].Id, "ann", "it is there now")).ShouldBeOfType<ReplayResult.Accepted>().Replay;
        worker.Topics.TopicOf(replay.Topic, replay.Headers).ShouldBe(worker.Topics.BulkMails);
    }

    [Test]
    public async Task A_bulk_mail_that_a_stopped_worker_left_is_sent_by_the_next_one_once()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Rate=20/s");
        var ids = await BulkAsync(worker, 60);
        await Eventually.Until(() => worker.Sink.Mails.Count >= 5, null, "some are sent");
        await worker.StopAsync();
        await worker.RestartAsync();

        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
        worker.Sink.Mails.Count.ShouldBe(60);
        await Eventually.Until(() => worker.Kafka.Records.Lag(worker.Topics.Group, worker.Topics.BulkMails) == 0, null, "the one group has committed the bulk topic");
    }

    private static SendEmail Bulk(string recipient) =>
        new() { From = "news@example.com", To = [recipient], Subject = "subject", Text = "text", Stream = MailStream.Bulk };

    private static async Task<Guid[]> BulkAsync(RunningWorker worker, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(number => worker.PostAsync(Bulk(string.Create(CultureInfo.InvariantCulture, $"reader{number}@example.com")))));

    /// <summary>How many mails to others the server had when the last one to a recipient came.</summary>
    private static int SentBefore(RunningWorker worker, string recipient)
    {
        var mails = worker.Sink.Mails.All().ToLookup(mail => mail.Recipients.Contains(recipient), mail => mail.ReceivedAt);
        return mails[false].Count(time => time < mails[true].Max());
    }

    private static List<RawRecord> Records(RunningWorker worker, string topic, Guid id) =>
        [.. worker.Kafka.Records.ReadAll(topic).Where(record => record.Header(HeaderNames.MessageId) == $"{id:D}")];

    private static List<string> Attempts(RunningWorker worker, string topic, Guid id) =>
        [.. Records(worker, topic, id).Select(record => record.Header(HeaderNames.RedeliveryCount) ?? "0").Order(StringComparer.Ordinal)];
}
