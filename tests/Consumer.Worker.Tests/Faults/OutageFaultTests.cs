using MailSink.Rules;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>Postgres and the mail server, taken away from running workers while mails flow.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class OutageFaultTests
{
    private const int Mails = 400;

    /// <summary>Ways of Postgres to be away: how it goes, and how it comes back.</summary>
    private static IEnumerable<TestCaseData> PostgresOutages()
    {
        yield return Outage("stopped", postgres => postgres.StopAsync(), postgres => postgres.StartAsync());
        yield return Outage("killed", postgres => postgres.KillAsync(), postgres => postgres.StartAsync());
        yield return Outage("frozen", postgres => postgres.FreezeAsync(), postgres => postgres.ThawAsync());

        static TestCaseData Outage(string name, Func<PostgresServer, Task> harm, Func<PostgresServer, Task> heal) =>
            new TestCaseData(harm, heal).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(PostgresOutages))]
    public async Task Postgres_goes_and_comes_while_mails_flow(Func<PostgresServer, Task> harm, Func<PostgresServer, Task> heal)
    {
        await using var postgres = await PostgresServer.StartOwnAsync();
        await using var world = await MailWorld.StartAsync(postgres, "--Database:CommandTimeout=00:00:02");
        await using var worker = world.StartWorker();
        await using var other = world.StartWorker();
        await BothWorkAsync(world);
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            await PostWhileAsync(world, async () =>
            {
                var paused = NextPauses(world, worker, other);
                await harm(postgres);
                await paused();
                await heal(postgres);
            });
            await world.ShouldEndWellAsync();
        }
    }

    [Test]
    public async Task A_mail_server_that_dies_and_comes_back_fails_no_mail()
    {
        await using var world = await MailWorld.StartAsync();
        await using var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            await PostWhileAsync(world, async () =>
            {
                var paused = NextPauses(world, worker);
                world.Sink.PauseListening(dropConnections: true);
                await paused();
                world.Sink.ResumeListening();
            });
            await world.ShouldEndWellAsync();
        }
    }

    [Test]
    public async Task A_mail_server_that_replies_421_costs_no_mail_a_try()
    {
        await using var world = await MailWorld.StartAsync();
        await using var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            await PostWhileAsync(world, async () =>
            {
                var paused = NextPauses(world, worker);
                var away = world.Sink.Script.Add(new ScriptRule(SmtpStage.Connect, RuleAction.Reply(421)));
                var closing = world.Sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(421)));
                await paused();
                world.Sink.Script.Remove(closing);
                world.Sink.Script.Remove(away);
            });
            await world.ShouldEndWellAsync();
            (await world.ReadMailsAsync()).Max(mail => mail.Unknown).ShouldBe(0);
            (await world.ReadMailsAsync()).Count(mail => mail.Attempt > 1).ShouldBe(world.Posted.Count(mail => mail.IsTransient));
        }
    }

    /// <summary>Ways to lose a reply, and whether the server has the mail then.</summary>
    private static IEnumerable<TestCaseData> LostReplies()
    {
        yield return new TestCaseData(RuleAction.DropAfter, true).SetArgDisplayNames("dropped after the mail was taken");
        yield return new TestCaseData(RuleAction.DropBefore, false).SetArgDisplayNames("dropped before the mail was taken");
        yield return new TestCaseData(RuleAction.Hang, false).SetArgDisplayNames("never replied");
    }

    [TestCaseSource(nameof(LostReplies))]
    public async Task A_reply_lost_after_DATA_is_an_unknown_outcome_each_and_no_other_mail_goes_twice(RuleAction action, bool taken)
    {
        const int lost = 30;
        // Far longer than a reply takes on a machine that is busy with other tests: one that came late would be unknown, too. With a connection for each, all are waited for at once.
        await using var world = await MailWorld.StartAsync(postgres: null, action == RuleAction.Hang ? ["--Smtp:DataTimeout=00:00:20", "--Smtp:MaxConnections=40"] : []);
        await using var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            await PostWhileAsync(world, async () =>
            {
                var losing = world.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, action) { Times = lost });
                await Eventually.Until(() => losing.Hits == lost, MailAudit.Recovery, $"{lost} replies are lost", world.DescribeAsync);
            });
            await world.ShouldEndWellAsync();
            (await world.CountAsync("SELECT sum(unknown_outcomes)::bigint FROM email.mails")).ShouldBe(lost * round);
            world.Sink.Counters.MessageIds.Duplicates.Sum(twice => twice.Count - 1).ShouldBe(taken ? lost * round : 0);
        }
    }

    /// <summary>Posts mails until two workers have partitions: one without cannot learn that Postgres is away. Ten at a time, and more once those have been met.</summary>
    private static Task BothWorkAsync(MailWorld world) => Eventually.Until(
        async () =>
        {
            if (await world.CountAsync("SELECT count(*) FROM email.mails") == world.Posted.Count)
                await world.PostAsync(Enumerable.Range(0, 10).Select(_ => PostedMail.Plain()));
            return await world.CountAsync("SELECT count(DISTINCT worker_id) FROM email.mails") == 2;
        },
        MailAudit.Recovery,
        "both workers send", world.DescribeAsync);

    /// <summary>Posts mails, and does harm once some of them are sent and the most are not.</summary>
    private static async Task PostWhileAsync(MailWorld world, Func<Task> harm)
    {
        var slow = world.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Wait(TimeSpan.FromMilliseconds(300))) { Recipient = "plain*" });
        var before = world.Sink.Counters.Mails;
        await world.PostAsync(Enumerable.Range(0, Mails).Select(number => (number % 20) switch
        {
            0 => PostedMail.Permanent(),
            1 or 2 => PostedMail.Transient(),
            _ => PostedMail.Plain(),
        }));
        await Eventually.Until(() => world.Sink.Counters.Mails >= before + 40, MailAudit.Recovery, "mails flow", world.DescribeAsync);
        await harm();
        world.Sink.Script.Remove(slow);
    }

    /// <summary>
    /// Returns what waits until each worker has paused once more than now. It posts mails meanwhile: a worker without any cannot
    /// learn of an outage.
    /// </summary>
    private static Func<Task> NextPauses(MailWorld world, params ChildProcess[] workers)
    {
        var before = workers.Select(Pauses).ToList();
        return () => Eventually.Until(
            async () =>
            {
                await world.PostAsync(PostedMail.Plain(), PostedMail.Plain());
                return workers.Zip(before).All(worker => Pauses(worker.First) > worker.Second);
            },
            MailAudit.Recovery, "the endpoint pauses", world.DescribeAsync);
    }

    /// <summary>A worker whose mails are all sent and not written down yet has none left to pause with; it says that instead.</summary>
    private static int Pauses(ChildProcess worker) =>
        worker.Log.Split('\n').Count(line => line.Contains("pauses until its dependency is available") || line.Contains("cannot be written yet"));
}
