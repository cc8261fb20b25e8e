using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Consumer.Worker.Tests.Hosting;
using Consumer.Worker.Tests.Ledger;
using Contracts;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.DeadLetters;

/// <summary>Records that are larger than the dead-letter topic takes, or have numbers that nobody can reckon with: each is one failure.</summary>
internal sealed class UnusualRecordTests
{
    private RunningWorker _worker = null!;

    [SetUp]
    public async Task StartWorker()
    {
        var kafka = await KafkaFixture.StartAsync();
        kafka.Require(KafkaCapability.TopicSettings);
        _worker = await RunningWorker.StartAsync();
        await _worker.Rider.Ready.WaitAsync(Eventually.DefaultDeadline);
    }

    [TearDown]
    public async Task StopWorker()
    {
        if (_worker is not null)
            await _worker.DisposeAsync();
    }

    [Test]
    public async Task A_mail_too_large_for_the_dead_letter_topic_is_a_failure_with_its_bytes()
    {
        await SetAsync(_worker.Topics.DeadLetters, "max.message.bytes", "3000");
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 no such user")) { Recipient = "gone@*" });
        var mail = new SendEmail { From = "ann@example.com", To = ["gone@example.com"], Subject = "subject", Text = Convert.ToHexString(RandomNumberGenerator.GetBytes(10_000)) };
        var id = await _worker.PostAsync(mail);

        await _worker.WhenAsync(id, MailState.Dead);
        await _worker.NoLagAsync();
        var found = (await _worker.Failures.ListAsync(new FailureFilter { MailId = id }, 10)).Items.ShouldHaveSingleItem();
        var failure = (await _worker.Failures.FindAsync(found.Id)).ShouldNotBeNull();
        failure.Value.ShouldBe(SendEmailJson.Serialize(mail));
        failure.Message.ShouldContain("550 5.1.1 no such user");
        failure.OriginalTopic.ShouldBe(_worker.Topics.Mails);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldBeEmpty();
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
    }

    [Test]
    public async Task Timestamps_counts_and_transactions_of_foreign_producers_leave_failures_and_a_clean_ledger()
    {
        await SetAsync(_worker.Topics.Mails, "message.timestamp.after.max.ms", $"{long.MaxValue}");
        using var plain = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = _worker.Kafka.BootstrapServers }).Build();
        await Eventually.Until(() => TryWriteAsync(plain, "afar@example.com", 1_795_849_033_887_000), null, "the topic takes any timestamp by now");
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = _worker.Kafka.BootstrapServers,
            TransactionalId = _worker.Topics.Mails,
        }).Build();
        producer.InitTransactions(Eventually.DefaultDeadline);
        producer.BeginTransaction();
        await WriteAsync(producer, "counted@example.com", null, (HeaderNames.RedeliveryCount, "2147483647"));
        await WriteAsync(producer, "bob@example.com", null);
        producer.CommitTransaction();
        producer.BeginTransaction();
        await WriteAsync(producer, "aborted@example.com", null);
        producer.AbortTransaction();

        await Eventually.Until(() => _worker.Sink.Mails.All().Count > 0, null, "the mail that can be read is sent");
        await _worker.NoLagAsync();
        var failures = (await _worker.Failures.ListAsync(new FailureFilter(), 10)).Items;
        failures.Count.ShouldBe(2);
        failures.ShouldContain(failure => failure.Message.Contains("timestamp is 1795849033887000", StringComparison.Ordinal));
        failures.ShouldContain(failure => failure.Message.Contains("MT-Redelivery-Count is '2147483647'", StringComparison.Ordinal));
        _worker.Sink.Mails.All().Count.ShouldBe(1);

        var ledger = await LedgerCommand.RunAsync(_worker, "--repair");
        ledger.ShouldBeClean();
        (ledger.Records("read"), ledger.Records("with_row"), ledger.Records("with_failure")).ShouldBe((3, 1, 2));
    }

    private async Task<bool> TryWriteAsync(IProducer<byte[]?, byte[]?> producer, string recipient, long timestamp)
    {
        try
        {
            await WriteAsync(producer, recipient, timestamp);
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.InvalidTimestamp)
        {
            return false;
        }
    }

    private async Task WriteAsync(IProducer<byte[]?, byte[]?> producer, string recipient, long? timestamp, params (string Name, string Value)[] headers)
    {
        var message = new Message<byte[]?, byte[]?>
        {
            Value = SendEmailJson.Serialize(new SendEmail { From = "ann@example.com", To = [recipient], Subject = "subject", Text = "text" }),
            Timestamp = timestamp is { } milliseconds ? new Timestamp(milliseconds, TimestampType.CreateTime) : Timestamp.Default,
            Headers = [],
        };
        foreach (var (name, value) in headers)
            message.Headers.Add(name, Encoding.UTF8.GetBytes(value));
        await producer.ProduceAsync(_worker.Topics.Mails, message);
    }

    private async Task SetAsync(string topic, string name, string value)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _worker.Kafka.BootstrapServers }).Build();
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = topic };
        await admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [resource] = [new ConfigEntry { Name = name, Value = value, IncrementalOperation = AlterConfigOpType.Set }],
        });
        await Eventually.Until(
            async () => (await admin.DescribeConfigsAsync([resource])).Single().Entries[name].Value == value, null, $"{topic} has {name}={value}");
    }
}
