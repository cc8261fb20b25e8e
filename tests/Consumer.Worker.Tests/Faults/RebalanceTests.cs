using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>Partitions that go from one worker to another, both alive, while mails are under way.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class RebalanceTests
{
    [Test]
    public async Task Mails_whose_partition_goes_elsewhere_while_they_are_claimed_go_along_and_cost_no_try()
    {
        // Both workers stay alive: one that a busy machine keeps from renewing its lease must not lose its mails by that.
        await using var world = await MailWorld.StartAsync(postgres: null, "--Worker:Lease=00:00:30");
        var stops = await DatabaseStops.InstallAsync(world.Store);
        await using var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            var mails = Enumerable.Range(0, 12).Select(_ => PostedMail.Plain()).ToList();
            foreach (var mail in mails)
                await stops.SetAsync(mail, Write.Claim);
            await world.PostAsync(mails);
            await stops.AnyHeldAsync(world);

            await using var other = world.StartWorker();
            await Eventually.Until(
                async () =>
                {
                    await world.PostAsync(PostedMail.Plain());
                    return (await world.ReadMailsAsync()).Any(mail => mail.State == "sent" && mail.WorkerProcess == other.Id);
                },
                MailAudit.Recovery, "another worker has got partitions", world.DescribeAsync);
            foreach (var mail in mails)
                await stops.ReleaseAsync(mail);

            await world.ShouldEndWellAsync();
            var store = await world.ReadMailsAsync();
            await world.ShouldHoldAsync(() =>
            {
                store.ShouldAllBe(mail => mail.Attempt == 1 && mail.Unknown == 0);
                world.DelayTopics.SelectMany(world.Kafka.Records.ReadAll).ShouldBeEmpty();
            });
        }
    }
}
