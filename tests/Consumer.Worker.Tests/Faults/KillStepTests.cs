using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker that is killed at each step of a mail's way, with other mails under way.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class KillStepTests
{
    [TestCaseSource(typeof(KillStep), nameof(KillStep.All))]
    public async Task A_worker_killed_at_a_step_leaves_every_mail_its_exact_end(KillStep step)
    {
        await using var world = await MailWorld.StartAsync(postgres: null, step.Options);
        var stops = await DatabaseStops.InstallAsync(world.Store);
        var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            var scene = new KillScene(world, stops, worker, step.Mail());
            await step.Prepare(scene);
            await world.PostAsync(scene.Mail, PostedMail.Plain(), PostedMail.Plain(), PostedMail.Transient(), PostedMail.Permanent(), PostedMail.Poison());
            var mail = await step.Kill(scene);

            worker = world.StartWorker();
            await world.ShouldEndWellAsync();
            await ShouldHaveEndedAsync(world, mail, step);
        }
    }

    private static async Task ShouldHaveEndedAsync(MailWorld world, PostedMail mail, KillStep step)
    {
        var row = await world.FindAsync(mail);
        await world.ShouldHoldAsync(() =>
        {
            (row!.Attempt, row.Unknown).ShouldBe((step.Attempt, step.Unknown), "attempt, unknown outcomes");
            world.Stored(mail).ShouldBeInRange(step.Stored, step.MostStored ?? step.Stored, "stored");
            (world.DelayTopics.Sum(topic => world.Copies(topic, mail)), world.Copies(world.Topics.Mails, mail) - 1)
                .ShouldBe((step.Delayed, step.Forwarded), "delayed, forwarded");
            world.Copies(world.Topics.DeadLetters, mail).ShouldBeInRange(step.DeadLetters, step.MostDeadLetters ?? step.DeadLetters, "dead letters");
        });
    }
}
