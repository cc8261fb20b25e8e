using MailSink.Rules;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker that stands still past its lease, as a virtual machine that is moved, and goes on as if nothing had been.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class FrozenWorkerTests
{
    [Test]
    public async Task Before_DATA_it_leaves_the_mail_to_the_worker_that_took_it_over()
    {
        // No time-out may end the dialogue while the worker stands still: the lease has to.
        await using var world = await MailWorld.StartAsync(postgres: null, "--Smtp:CommandTimeout=00:05:00");
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            // Held longer than the worker stands still: it renews its lease before it goes on, and must not be taken in by that.
            var mail = PostedMail.Plain();
            await FreezeAsync(world, mail, SmtpStage.Rcpt, thawFirst: true);

            await world.ShouldEndWellAsync();
            var row = await world.FindAsync(mail);
            await world.ShouldHoldAsync(() => (row!.Unknown, world.Stored(mail)).ShouldBe((1, 1)));
        }
    }

    [Test]
    public async Task In_DATA_the_mail_may_go_twice_and_is_known_to()
    {
        // By BDAT the server has the content already.
        await using var world = await MailWorld.StartAsync(postgres: null, "--Smtp:Chunking=false");
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            var mail = PostedMail.Plain();
            await FreezeAsync(world, mail, SmtpStage.Data, thawFirst: false);

            // The thawed worker sends on where the server's 354 is quicker than the news that it has lost its partitions.
            await world.ShouldEndWellAsync();
            var row = await world.FindAsync(mail);
            await world.ShouldHoldAsync(() => row!.Unknown.ShouldBe(1));
        }
    }

    [Test]
    public async Task Before_the_servers_250_the_reply_changes_nothing_any_more()
    {
        await using var world = await MailWorld.StartAsync();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            var mail = PostedMail.Plain();
            await FreezeAsync(world, mail, SmtpStage.EndOfData, thawFirst: false);

            await world.ShouldEndWellAsync();
            var row = await world.FindAsync(mail);
            await world.ShouldHoldAsync(() => (row!.Unknown, world.Stored(mail)).ShouldBe((1, 2)));
        }
    }

    /// <summary>Freezes the worker that has the mail while the server holds back its reply, until another worker has sent it.</summary>
    /// <param name="world">Where.</param>
    /// <param name="mail">The mail, which is posted here.</param>
    /// <param name="stage">Which reply.</param>
    /// <param name="thawFirst">Whether the worker goes on, and renews its lease, before the reply comes.</param>
    private static async Task FreezeAsync(MailWorld world, PostedMail mail, SmtpStage stage, bool thawFirst)
    {
        await using var frozen = world.StartWorker();
        var reply = new TaskCompletionSource();
        var held = world.Sink.Script.Add(new ScriptRule(stage, RuleAction.HoldReply(reply.Task)) { Recipient = mail.Recipient, Times = 1 });
        await world.PostAsync(mail, PostedMail.Plain(), PostedMail.Transient(), PostedMail.Permanent(), PostedMail.Poison());
        await Eventually.Until(() => held.Hits == 1, MailAudit.Recovery, "the server holds back its reply", world.DescribeAsync);
        frozen.Freeze();

        await using var other = world.StartWorker();
        await Eventually.Value(() => world.FindAsync(mail), row => row?.State == "sent", MailAudit.Recovery, "another worker sends the mail", world.DescribeAsync);
        if (!thawFirst)
            reply.SetResult();
        frozen.Thaw();
        await Eventually.Until(
            async () => await world.CountAsync($"SELECT count(*) FROM email.workers WHERE name LIKE '%:{frozen.Id}' AND stopped_at IS NULL AND lease_until > now()") == 1,
            MailAudit.Recovery, "the thawed worker has renewed its lease", world.DescribeAsync);
        if (thawFirst)
            reply.SetResult();
        await world.ShouldEndWellAsync();
    }
}
