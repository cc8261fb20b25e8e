using Consumer.Worker.Tests.Ledger;
using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using ServiceDefaults.Kafka;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>Two installations on one cluster: <c>Kafka:TopicPrefix</c>, <c>Kafka:GroupPrefix</c>, <c>Kafka:Installation</c>.</summary>
internal sealed class InstallationTests
{
    [Test]
    public async Task Another_installation_s_record_is_not_sent_but_a_failure_that_says_so_and_the_ledger_leaves_it_alone()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        await using var worker = await RunningWorker.StartAsync("--Kafka:Installation=shop");
        var mail = new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" };

        var others = await worker.PostAsync(mail, (HeaderNames.Installation, "bank"));
        var own = await worker.PostAsync(mail, (HeaderNames.Installation, "shop"));
        var nobodys = await worker.PostAsync(mail);

        await worker.WhenAsync(own, MailState.Sent);
        await worker.WhenAsync(nobodys, MailState.Sent);
        var failure = await FailureAsync(worker);
        failure.Message.ShouldContain("The record is of installation 'bank'");
        failure.MailId.ShouldBeNull();
        (await worker.Mails.FindAsync(others)).ShouldBeNull();
        worker.Sink.Mails.All().Count.ShouldBe(2);

        await worker.NoLagAsync();
        var ledger = await LedgerCommand.RunAsync(worker, "--repair", "--Kafka:Installation=shop");
        ledger.ShouldBeClean();
        ledger.Records("other_installation").ShouldBe(1);
        ledger.Records("with_row").ShouldBe(2);
    }

    [Test]
    public async Task Two_installations_with_the_same_topics_and_other_ids_send_their_own_mails_alone()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        var postgres = await PostgresFixture.StartAsync();
        var topics = TestTopics.Of(KafkaFixture.UniqueName("email.send"));
        await using var shop = await RunningWorker.StartAsync(new DatabaseName(await postgres.CreateDatabaseAsync("shop")), topics, "--Kafka:Installation=shop");
        // Groups of its own, so that each of the two reads every record.
        await using var bank = await RunningWorker.StartAsync(
            new DatabaseName(await postgres.CreateDatabaseAsync("bank")),
            topics with { Group = topics.Group + "-bank", DelayGroup = topics.DelayGroup + "-bank", DeadLetterGroup = topics.DeadLetterGroup + "-bank" },
            "--Kafka:Installation=bank");
        var mail = new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" };
        for (var i = 0; i < 10; i++)
        {
            await shop.PostAsync(mail, (HeaderNames.Installation, "shop"));
            await bank.PostAsync(mail, (HeaderNames.Installation, "bank"));
        }

        await shop.NoLagAsync();
        await bank.NoLagAsync();
        shop.Sink.Mails.All().Count.ShouldBe(10);
        bank.Sink.Mails.All().Count.ShouldBe(10);
        foreach (var (worker, name) in new[] { (shop, "shop"), (bank, "bank") })
        {
            var ledger = await LedgerCommand.RunAsync(worker, "--repair", $"--Kafka:Installation={name}");
            ledger.ShouldBeClean();
            ledger.Records("other_installation").ShouldBe(10);
        }
    }

    [Test]
    public async Task Two_installations_with_prefixes_know_nothing_of_each_other()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        var postgres = await PostgresFixture.StartAsync();
        await using var shop = await StartAsync("shop");
        await using var bank = await StartAsync("bank");
        var mail = new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" };
        for (var i = 0; i < 10; i++)
        {
            await shop.PostAsync(mail);
            await bank.PostAsync(mail);
        }

        foreach (var worker in new[] { shop, bank })
        {
            await worker.NoLagAsync();
            worker.Sink.Mails.All().Count.ShouldBe(10);
            var ledger = await LedgerCommand.RunAsync(worker);
            ledger.ShouldBeClean();
            ledger.Records("read").ShouldBe(10);
            (await worker.Failures.ListAsync(new FailureFilter(), 10)).Items.ShouldBeEmpty();
        }

        async Task<RunningWorker> StartAsync(string name)
        {
            var prefix = KafkaFixture.UniqueName(name);
            return await RunningWorker.StartAsync(new DatabaseName(await postgres.CreateDatabaseAsync(name)), MailTopics.Of($"{prefix}.", $"{prefix}-"));
        }
    }

    private static Task<FailureSummary> FailureAsync(RunningWorker worker) => Eventually.NotNull(
        async () => (await worker.Failures.ListAsync(new FailureFilter(), 10)).Items is [var first, ..] ? first : null, null, "there is a failure");
}
