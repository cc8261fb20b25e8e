using System.Globalization;
using Contracts;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>
/// Outages of Kafka, one after another, under 200 posts a second, for as long as <c>./dev chaos outage</c> was told. After each one every
/// group must have its members again and mails must flow; at the end each mail that was accepted is sent, once but where that is known to be
/// unknown, and the ledger finds nothing.
/// </summary>
[Category("outage-chaos")]
public sealed class OutageChaosTests
{
    private const int PostsPerSecond = 200;

    /// <summary>How long a consumer may be away from its group once Kafka answers again.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan UntilAllEnded = TimeSpan.FromMinutes(10);

    private static readonly (string Who, bool Crash, int Seconds)[] Outages =
    [
        .. from seconds in (int[])[5, 30, 105, 300]
           from crash in (bool[])[false, true]
           from who in (string[])["one broker", "all brokers", "the mails' coordinator"]
           select (who, crash, seconds),
    ];

    [Test]
    public async Task Outage_after_outage_loses_no_mail_and_leaves_no_consumer_behind()
    {
        if (Chaos.Outages is not { } duration)
        {
            Assert.Ignore("takes as long as it is told: ./dev chaos outage [MINUTES]");
            return;
        }

        await using var cluster = await KafkaCluster.StartAsync();
        await using var system = await RunningSystem.CreateAsync(cluster.BootstrapServers, "outages", ("Kafka__ReplicationFactor", "3"));
        await system.MigrateAsync();
        await system.StartApiAsync();
        system.StartWorker("worker-1");
        system.StartWorker("worker-2");
        await Eventually.Until(system.HasAllMembersAsync, TimeSpan.FromMinutes(2), "every group has its members");
        await using var load = MailLoad.Start(system.Api, PostsPerSecond);

        var seed = Environment.TickCount;
        var random = new Random(seed);
        TestContext.Progress.WriteLine($"{duration.TotalMinutes:0} minutes of outages, seed {seed}");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var deck = new Queue<(string Who, bool Crash, int Seconds)>();
        while (watch.Elapsed < duration)
        {
            if (deck.Count == 0)
            {
                var shuffled = Outages.ToArray();
                random.Shuffle(shuffled);
                deck = new Queue<(string Who, bool Crash, int Seconds)>(shuffled);
            }

            var outage = deck.Dequeue();
            if (watch.Elapsed + TimeSpan.FromSeconds(outage.Seconds) > duration && outage.Seconds > 5)
                continue;
            await SufferAsync(cluster, system, load, outage, random);
        }

        await load.StopAsync();
        await system.AuditAsync(load, UntilAllEnded);
        load.Refused.Keys.ShouldBeSubsetOf(["503 not_accepted", "503 outcome_unknown", "503 overloaded"]);
    }

    private static async Task SufferAsync(KafkaCluster cluster, RunningSystem system, MailLoad load, (string Who, bool Crash, int Seconds) outage, Random random)
    {
        int[] brokers = outage.Who switch
        {
            "all brokers" => [.. Enumerable.Range(0, KafkaCluster.Brokers)],
            "one broker" => [random.Next(KafkaCluster.Brokers)],
            _ => [cluster.CoordinatorOf(Groups.EmailSend)],
        };
        var accepted = load.Accepted.Count;
        foreach (var broker in brokers)
            await (outage.Crash ? cluster.KillAsync(broker) : cluster.StopAsync(broker));
        await Task.Delay(TimeSpan.FromSeconds(outage.Seconds));
        var during = load.Accepted.Count - accepted;
        await Task.WhenAll(brokers.Select(cluster.ReviveAsync));

        var healed = System.Diagnostics.Stopwatch.StartNew();
        var sent = await system.SentAsync();
        await Eventually.Until(async () => await system.SentAsync() > sent + PostsPerSecond, Recovery, $"mails flow after {outage}");
        await Eventually.Until(system.HasAllMembersAsync, Recovery - healed.Elapsed, $"every group has its members after {outage}");
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:HH:mm:ss} {outage.Who}, {(outage.Crash ? "SIGKILL" : "SIGTERM")}, {outage.Seconds} s: {during} accepted meanwhile, all well {healed.Elapsed.TotalSeconds:0} s after"));
    }
}
