using Consumer.Worker.Tests.Hosting;
using Contracts;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Ledger;

/// <summary>A healthy system, however busy, is never accused.</summary>
internal sealed class BusySystemTests
{
    private static readonly int Mails = 400 * Chaos.Rounds;

    [Test]
    public async Task While_mails_are_sent_fail_come_back_and_die_and_the_worker_is_restarted_the_ledger_is_always_clean()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=200ms,500ms");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone*@*" });
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "always*@*" });
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.Reply(451)) { Recipient = "some*@*", Times = Mails / 8 });
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromMilliseconds(20))));

        // Its topics are there once the first mail is sent.
        await worker.WhenAsync(await worker.PostAsync("first@example.com"), MailState.Sent);
        var posted = PostAllAsync(worker);
        var runs = 0;
        while (!posted.IsCompleted || !await AllEndedAsync(worker, await posted))
        {
            // No pause before the second look: only the order of reading protects from false alarms.
            (await LedgerCommand.RunAsync(worker, "--grace=0")).ShouldBeClean($"run {runs}");
            if (++runs % 6 == 0)
            {
                await worker.StopAsync();
                (await LedgerCommand.RunAsync(worker, "--grace=0")).ShouldBeClean($"stopped, after run {runs}");
                await worker.RestartAsync();
            }
        }

        var last = await LedgerCommand.RunAsync(worker, "--grace=0");
        last.ShouldBeClean("at rest");
        runs.ShouldBeGreaterThan(3);
        TestContext.Out.WriteLine($"{runs} runs; {last.Report.GetProperty("records")}; {last.Report.GetProperty("mails")}");
    }

    private static async Task<List<Guid>> PostAllAsync(RunningWorker worker)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < Mails; i++)
        {
            string[] to = (i % 10) switch
            {
                0 => [$"gone{i}@example.com"],
                1 => [$"always{i}@example.com"],
                2 or 3 => [$"some{i}@example.com"],
                4 => [$"bob{i}@example.com", $"gone{i}@example.com", $"some{i}@example.com"],
                _ => [$"bob{i}@example.com"],
            };
            if (i % 10 == 9)
                await worker.Kafka.Records.ProduceAsync(worker.Topics.Mails, $"poison{i}", "no mail", (HeaderNames.MessageId, $"{Guid.NewGuid():D}"));
            else
                ids.Add(await worker.PostAsync(to));
        }

        return ids;
    }

    private static async Task<bool> AllEndedAsync(RunningWorker worker, List<Guid> ids)
    {
        foreach (var id in ids)
        {
            if ((await worker.Mails.FindAsync(id))?.Mail.State is not (MailState.Sent or MailState.Dead))
                return false;
        }

        return worker.Kafka.Records.Lag(worker.Topics.DeadLetterGroup, worker.Topics.DeadLetters) == 0;
    }
}
