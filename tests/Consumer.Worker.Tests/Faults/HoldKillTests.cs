using MailSink.Rules;
using NUnit.Framework;
using Persistence.Holds;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker that is killed at each step of a mail's way into its row under a hold, and out of it.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class HoldKillTests
{
    [Test]
    public async Task A_worker_killed_as_it_holds_a_mail_loses_none_and_sends_none([Values] bool before)
    {
        await using var world = await MailWorld.StartAsync();
        var stops = await DatabaseStops.InstallAsync(world.Store);
        var holds = new HoldStore(world.Store);
        var hold = await MakeAsync(holds);
        var worker = world.StartWorker();
        var mail = PostedMail.Plain();
        await stops.SetAsync(mail, Write.Hold);
        await PostAsync(world, mail);
        await KillAsync(world, stops, worker, mail, before);

        world.StartWorker();
        await AllHeldAsync(world);
        world.Sink.Counters.Recipients.ShouldBe(0);
        await holds.ReleaseAsync(hold.Id, "bob", "it is over");
        await ShouldEndWellAsync(world, mail);
    }

    [TestCase(Write.Release, true)]
    [TestCase(Write.Release, false)]
    [TestCase(Write.Publish, true)]
    [TestCase(Write.Publish, false)]
    public async Task A_worker_killed_as_a_hold_ends_lets_every_mail_go_on_once(Write write, bool before)
    {
        await using var world = await MailWorld.StartAsync();
        var stops = await DatabaseStops.InstallAsync(world.Store);
        var holds = new HoldStore(world.Store);
        var hold = await MakeAsync(holds);
        var worker = world.StartWorker();
        var mail = PostedMail.Plain();
        await PostAsync(world, mail);
        await AllHeldAsync(world);

        // One ahead of it under its key, so that nobody claims what is produced before it is published.
        var ahead = PostedMail.Plain() with { Sender = "bob@example.com", Key = mail.Key };
        var slow = world.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Wait(TimeSpan.FromMinutes(1))) { Recipient = ahead.Recipient });
        await world.PostAsync(ahead);
        await Eventually.Until(() => slow.Hits > 0, MailAudit.Recovery, "the one ahead is being sent", world.DescribeAsync);

        await stops.SetAsync(mail, write);
        await holds.ReleaseAsync(hold.Id, "bob", "it is over");
        await KillAsync(world, stops, worker, mail, before);

        world.Sink.Script.Remove(slow);
        world.StartWorker();
        await ShouldEndWellAsync(world, mail);
    }

    private static Task<Hold> MakeAsync(HoldStore holds) => holds.CreateAsync(new NewHold(HoldScope.Sender, "ann@example.com", HoldMode.Wait, null, "a flood"), "ann");

    private static Task PostAsync(MailWorld world, PostedMail mail) => world.PostAsync(mail, PostedMail.Plain(), PostedMail.Plain(), PostedMail.Transient(), PostedMail.Permanent());

    private static async Task KillAsync(MailWorld world, DatabaseStops stops, ChildProcess worker, PostedMail mail, bool before)
    {
        await stops.HeldAsync(mail, world);
        await (before ? stops.KillBeforeAsync(worker, mail) : stops.KillAfterAsync(worker, mail));
    }

    private static Task AllHeldAsync(MailWorld world) => Eventually.Until(
        async () => await world.CountAsync("SELECT count(*) FROM email.mails WHERE state = 'held' AND stored_value IS NOT NULL") == world.Posted.Count, MailAudit.Recovery, "all are held", world.DescribeAsync);

    private static async Task ShouldEndWellAsync(MailWorld world, PostedMail mail)
    {
        await world.ShouldEndWellAsync();
        world.Stored(mail).ShouldBe(1);
        (await world.FindAsync(mail))!.Attempt.ShouldBe(1);
        (await world.CountAsync("SELECT count(*) FROM email.mails WHERE hold_id IS NOT NULL OR stored_value IS NOT NULL")).ShouldBe(0);
    }
}
