using Confluent.Kafka.Admin;
using Consumer.Worker.Hosting;
using Consumer.Worker.Ledger;
using Contracts;
using MailSink;
using MailSink.Rules;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Schema;
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
        var (worker, ledger) = ($"{groups}worker", $"{groups}ledger");
        await _kafka.SetPasswordAsync(worker, "secret");
        await _kafka.SetPasswordAsync(ledger, "secret");
        await _kafka.AllowAsync(worker, ResourceType.Topic, $"{topics}email.send", prefixed: true, AclOperation.Read, AclOperation.Write, AclOperation.DescribeConfigs, AclOperation.Create);
        await _kafka.AllowAsync(worker, ResourceType.Group, $"{groups}email-send-", prefixed: true, AclOperation.Read);
        await _kafka.AllowAsync(ledger, ResourceType.Topic, $"{topics}email.send", prefixed: true, AclOperation.Read);
        await _kafka.AllowAsync(ledger, ResourceType.Group, $"{groups}email-send-", prefixed: true, AclOperation.Describe);
        await _kafka.AllowAsync(ledger, ResourceType.Group, "topic-reader-without-a-group", prefixed: false, AclOperation.Describe);

        await using var sink = SmtpSink.StartOnFreePort();
        sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone@*" });
        sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*", Times = 1 });
        var postgres = await PostgresFixture.StartAsync();
        string[] shared =
        [
            $"--Database:ConnectionString={await postgres.CreateDatabaseAsync("secure")}", $"--Kafka:BootstrapServers={_kafka.Servers(SecurePort.Login)}",
            "--Kafka:UseTls=true", $"--Kafka:CaLocation={_kafka.AuthorityFile}", "--Kafka:SaslMechanism=ScramSha512", "--Kafka:Password=secret",
            $"--Kafka:TopicPrefix={topics}", $"--Kafka:GroupPrefix={groups}",
        ];
        await using var app = WorkerHost.Build(
        [
            .. shared, $"--Kafka:Username={worker}", "--Smtp:Host=127.0.0.1", $"--Smtp:Port={sink.Port}", "--urls=http://127.0.0.1:0",
            "--Retry:RedeliveryIntervals=200ms", "--Logging:LogLevel:Default=Warning",
        ]);
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(Soon);
        await app.StartAsync();
        var mails = $"{topics}email.send";
        await Eventually.Until(() => _kafka.Records.EndOffsets(mails).Count > 0, Soon, "the worker has created its topics");

        var sent = await PostAsync("bob@example.com");
        var later = await PostAsync("later@example.com");
        var dead = await PostAsync("gone@example.com");
        var store = app.Services.GetRequiredService<MailStore>();
        foreach (var (id, state) in new[] { (sent, MailState.Sent), (later, MailState.Sent), (dead, MailState.Dead) })
            await Eventually.Until(async () => (await store.FindAsync(id))?.Mail.State == state, Soon, $"mail {id} is {state}");
        var failures = app.Services.GetRequiredService<FailureStore>();
        await Eventually.Until(async () => (await failures.ListAsync(new FailureFilter(), 10)).Items.Any(failure => failure.MailId == dead), Soon, "the dead letter is a failure");
        await Eventually.Until(() => _kafka.Records.Lag($"{groups}email-send-group", mails) == 0, Soon, "no lag is left");

        await using var output = new StringWriter();
        await using var talk = new StringWriter();
        (await LedgerVerb.RunAsync(["--grace=0.2", .. shared, $"--Kafka:Username={ledger}"], names: null, output, talk)).ShouldBe(LedgerVerb.Clean, $"{output} {talk}");
        await app.StopAsync();

        async Task<Guid> PostAsync(string recipient)
        {
            var id = Guid.NewGuid();
            await _kafka.Records.ProduceAsync(
                mails, $"{id:D}", $$"""{"from":"a@example.com","to":"{{recipient}}","subject":"s","text":"t"}""", (HeaderNames.MessageId, $"{id:D}"));
            return id;
        }
    }
}
