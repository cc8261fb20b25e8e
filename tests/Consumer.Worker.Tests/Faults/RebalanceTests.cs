using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>Partitions that go from one worker to another, both alive, while mails are under way.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed class RebalanceTests
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Mails_whose_partition_goes_elsewhere_while_they_are_claimed_go_along_and_cost_no_try()
    {
        await using var world = await MailWorld.StartAsync();
        var stops = await BookStops.InstallAsync(world.Books);
        await using var worker = world.StartWorker();
        for (var round = 1; round <= Chaos.Rounds; round++)
        {
            var mails = Enumerable.Range(0, 12).Select(_ => PostedMail.Plain()).ToList();
            foreach (var mail in mails)
                await stops.SetAsync(mail, Write.Claim);
            await world.PostAsync(mails);
            await stops.AnyHeldAsync(world);

            await using (var other = world.StartWorker())
            {
                await Eventually.Until(
                    async () =>
                    {
                        await world.PostAsync(PostedMail.Plain());
                        return await world.CountAsync($"""
                            SELECT count(*) FROM email.deliveries AS d JOIN email.workers AS w ON w.id = d.worker_id
                            WHERE d.state = 'sent' AND w.name LIKE '%:{other.Id}'
                            """) > 0;
                    },
                    Recovery, "another worker has got partitions", world.DescribeAsync);
                foreach (var mail in mails)
                    await stops.LetGoAsync(mail);

                await world.ShouldEndWellAsync();
                (await world.ReadBooksAsync()).ShouldAllBe(mail => mail.Attempt == 1 && mail.Unknown == 0);
                world.DelayTopics.SelectMany(world.Kafka.Records.ReadAll).ShouldBeEmpty();
                await other.KillAsync();
            }
        }
    }
}
