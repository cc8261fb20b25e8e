using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>
/// Many mails, some of which fail transiently, permanently, or are not mails at all, while three workers run and one of them is killed
/// again and again: the exact end of each. <c>./dev chaos</c> sends 100,000 and kills every 15 s. The suite sends fewer, and kills
/// as soon as a part of them has gone through: not sooner, as the group is at rest only once the last one killed is out of it.
/// </summary>
internal sealed class ManyMailsTests
{
    private const int Workers = 3;

    private static readonly bool Full = Chaos.Rounds > 1;
    private static readonly int Mails = Full ? 100_000 : 4_000;
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(Full ? 15 : 1);

    /// <summary>How many mails must have been sent since the last kill.</summary>
    private static readonly int Progress = Full ? 0 : Mails / 5;

    /// <summary>How many mails may lie in the topic unsent: enough that no worker waits for more.</summary>
    private static readonly int Backlog = Mails / 10;

    [Test]
    public async Task Each_of_many_mails_has_its_exact_end_while_workers_are_killed()
    {
        await using var world = await MailWorld.StartAsync();
        var workers = new Queue<ChildProcess>(Enumerable.Range(0, Workers).Select(_ => world.StartWorker()));
        var (kills, sent) = (0, 0L);
        using (var timer = new PeriodicTimer(Between))
        {
            var posting = PostAsync(world);
            while (!posting.IsCompleted && await timer.WaitForNextTickAsync())
            {
                if (world.Sink.Counters.Mails - sent < Progress)
                    continue;
                // The one that has lived longest; its place is taken at once.
                sent = world.Sink.Counters.Mails;
                await workers.Dequeue().KillAsync();
                workers.Enqueue(world.StartWorker());
                kills++;
            }

            await posting;
        }

        kills.ShouldBeGreaterThan(0);
        await world.ShouldEndWellAsync();
        await TestContext.Out.WriteLineAsync(
            $"{world.Posted.Count} mails, {kills} workers killed: {world.Posted.Count(mail => mail.End == MailEnd.Sent)} sent, {world.Posted.Count(mail => mail.End == MailEnd.Dead)} dead, "
            + $"{world.Posted.Count(mail => mail.End == MailEnd.Poison)} poison; {await world.CountAsync("SELECT count(*) FROM email.mails WHERE unknown_outcomes > 0")} with an unknown outcome, "
            + $"{world.Sink.Counters.MessageIds.Duplicates.Count} of them sent twice");
    }

    /// <summary>Posts as fast as the mails go: of a hundred 10 that fail once, 2 that are refused, 1 that is poison.</summary>
    private static async Task PostAsync(MailWorld world)
    {
        foreach (var hundred in Enumerable.Range(0, Mails / 100))
        {
            await world.PostAsync(Enumerable.Range(0, 100).Select(number => number switch
            {
                < 10 => PostedMail.Transient(),
                < 12 => PostedMail.Permanent(),
                12 => PostedMail.Poison(),
                _ => PostedMail.Plain(),
            }));
            await Eventually.Until(() => world.Posted.Count - world.Sink.Counters.Mails < Backlog + (world.Posted.Count / 25), MailAudit.Recovery, "mails flow", world.DescribeAsync);
        }
    }
}
