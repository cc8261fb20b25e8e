using Confluent.Kafka.Admin;
using Consumer.Worker.Ledger;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>A worker and its ledger on a Kafka that has TLS, logins and ACLs: what docs/operations.md says that Kafka must allow, and no more.</summary>
internal sealed class SecureWorkerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private SecureKafka _kafka = null!;

    [OneTimeSetUp]
    public async Task StartKafka() => _kafka = await SecureKafka.StartAsync();

    [OneTimeTearDown]
    public async Task StopKafka()
    {
        if (_kafka is not null)
            await _kafka.DisposeAsync();
    }

    [TestCase("", "")]
    [TestCase("shop.", "shop-")]
    public async Task The_documented_ACLs_suffice_for_a_mail_that_is_sent_one_that_is_dead_and_the_ledger(string topics, string groups)
    {
        await using var world = await SecureWorld.StartAsync(_kafka, topics, groups);

        await world.AllEndAsync();

        (await world.LedgerAsync()).Code.ShouldBe(LedgerVerb.Clean);
    }

    /// <summary>Rights that are taken away from a worker that runs, one after another.</summary>
    [Test]
    public async Task What_is_taken_away_from_a_worker_is_named_by_health_and_heals_when_it_is_granted()
    {
        const string Topics = "taken.", Groups = "taken-";
        await using var world = await SecureWorld.StartAsync(_kafka, Topics, Groups);
        (ResourceType Type, string Name, AclOperation Operation, string Said)[] rights =
        [
            (ResourceType.Topic, $"{Topics}email.send", AclOperation.Read, $"READ on topic {Topics}email.send"),
            (ResourceType.Topic, $"{Topics}email.send", AclOperation.Write, $"WRITE on topic {Topics}email.send.d"),
            (ResourceType.Group, $"{Groups}email-send-", AclOperation.Read, $"READ on group {Groups}email-send-group"),
        ];
        foreach (var (type, name, operation, said) in rights)
        {
            await _kafka.DenyAsync(world.Worker, type, name, prefixed: true, operation);
            // Mails that meet the right: one is deferred and one refused, and each of these is produced once more.
            await world.PostAsync("bob@example.com", "later-1@example.com", "gone@example.com");
            await Eventually.Value(world.HealthAsync, health => health.Contains(said, StringComparison.Ordinal), Soon, $"health says that {said} is refused");

            await world.AllowWorkerAsync();

            await world.AllEndAsync();
            await Eventually.Value(world.HealthAsync, health => !health.Contains("refused", StringComparison.Ordinal), Soon, "health is well again");
        }
    }

    [Test]
    public async Task What_is_taken_away_from_the_ledger_is_named_and_it_calls_nothing_clean()
    {
        const string Topics = "reader.", Groups = "reader-";
        await using var world = await SecureWorld.StartAsync(_kafka, Topics, Groups);
        await world.AllEndAsync();
        (ResourceType Type, string Name, bool Prefixed, AclOperation Operation, string Said)[] rights =
        [
            (ResourceType.Topic, $"{Topics}email.send", true, AclOperation.Read, $"the brokers deny READ on topic {Topics}email.send, {Topics}email.send.bulk, {Topics}email.send.dlt"),
            (ResourceType.Group, $"{Groups}email-send-", true, AclOperation.Describe, $"DESCRIBE on group {Groups}email-send-"),
            (ResourceType.Group, "topic-reader-without-a-group", false, AclOperation.Describe, "DESCRIBE on group topic-reader-without-a-group"),
        ];
        foreach (var (type, name, prefixed, operation, said) in rights)
        {
            await _kafka.DenyAsync(world.Ledger, type, name, prefixed, operation);
            var (code, text) = await Eventually.Value(world.LedgerAsync, run => run.Code != LedgerVerb.Clean, Soon, $"the ledger meets the brokers' refusal of {said}");
            code.ShouldBe(LedgerVerb.Unread, text);
            text.ShouldContain(said);

            await world.AllowLedgerAsync();
            await Eventually.Value(world.LedgerAsync, run => run.Code == LedgerVerb.Clean, Soon, "the ledger is clean again");
        }
    }
}
