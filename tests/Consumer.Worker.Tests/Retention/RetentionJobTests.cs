using Confluent.Kafka;
using Consumer.Worker.Ledger;
using Consumer.Worker.Tests.Hosting;
using Consumer.Worker.Tests.Ledger;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Retention;

internal sealed class RetentionJobTests
{
    [Test]
    public async Task The_worker_removes_what_is_old_batch_by_batch_and_the_ledger_does_not_call_it_missing()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        await using var worker = await RunningWorker.StartAsync("--Retention:Mails=30.00:00:00", "--Retention:SweepInterval=00:00:01", "--Retention:BatchSize=2");
        var young = await worker.PostAsync("bob@example.com");
        await worker.WhenAsync(young, MailState.Sent);
        var old = await PostLongAgoAsync(worker, 5);
        foreach (var id in old)
            await worker.WhenAsync(id, MailState.Sent);
        (await LedgerCommand.RunAsync(worker)).ShouldBeClean();

        await ExecuteAsync(worker, "UPDATE email.mails SET created_at = record_timestamp, ended_at = record_timestamp WHERE record_timestamp < now() - interval '1 day'");
        await Eventually.Until(async () => await worker.Mails.FindAsync(old[0]) is null && await CountAsync(worker) == 1, null, "the old mails are removed");

        await Eventually.Until(() => worker.Kafka.Records.Lag(worker.Topics.Group, worker.Topics.Mails) == 0, null, "no lag is left");
        var ledger = await LedgerCommand.RunAsync(worker);
        ledger.ShouldBeClean();
        ledger.Records("older_than_retention").ShouldBe(5);
        ledger.Records("with_row").ShouldBe(1);

        // What is younger than the horizon is missing as ever.
        await ExecuteAsync(worker, "DELETE FROM email.mails");
        var found = await LedgerCommand.RunAsync(worker);
        found.ExitCode.ShouldBe(LedgerVerb.Missing);
        found.Findings.ShouldHaveSingleItem().GetProperty("mail_id").GetGuid().ShouldBe(young);
    }

    [Test]
    public async Task A_record_that_is_read_again_after_its_row_was_removed_is_neither_sent_again_nor_a_failure()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        await using var worker = await RunningWorker.StartAsync("--Retention:Mails=30.00:00:00", "--Retention:SweepInterval=00:00:01");
        var old = await PostLongAgoAsync(worker, 5);
        foreach (var id in old)
            await worker.WhenAsync(id, MailState.Sent);
        await ExecuteAsync(worker, "UPDATE email.mails SET created_at = record_timestamp, ended_at = record_timestamp");
        await Eventually.Until(async () => await CountAsync(worker) == 0, null, "the old mails are removed");
        await worker.StopAsync();

        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = worker.Kafka.BootstrapServers }).Build();
        var beginning = worker.Kafka.Records.EndOffsets(worker.Topics.Mails).Keys.Select(partition => new TopicPartitionOffset(worker.Topics.Mails, partition, 0));
        // The coordinator may still see a member that has left.
        await Eventually.Until(
            async () => (await admin.AlterConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitionOffsets(worker.Topics.Group, [.. beginning])])).Count == 1,
            null, "the group is set back");
        await worker.RestartAsync();
        var young = await worker.PostAsync("bob@example.com");
        await worker.WhenAsync(young, MailState.Sent);
        await Eventually.Until(() => worker.Kafka.Records.Lag(worker.Topics.Group, worker.Topics.Mails) == 0, null, "all records are read again");

        worker.Sink.Mails.Count.ShouldBe(6);
        (await CountAsync(worker)).ShouldBe(1);
        worker.Kafka.Records.EndOffsets(worker.Topics.DeadLetters).Values.Sum().ShouldBe(0);
    }

    private static async Task<List<Guid>> PostLongAgoAsync(RunningWorker worker, int count)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = worker.Kafka.BootstrapServers, Acks = Acks.All }).Build();
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++)
        {
            var id = Guid.NewGuid();
            await producer.ProduceAsync(worker.Topics.Mails, new Message<string, byte[]>
            {
                Key = $"{id:D}",
                Value = SendEmailJson.Serialize(new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" }),
                Headers = new Headers { { HeaderNames.MessageId, System.Text.Encoding.UTF8.GetBytes($"{id:D}") } },
                Timestamp = new Timestamp(DateTimeOffset.UtcNow - TimeSpan.FromDays(60)),
            });
            ids.Add(id);
        }

        return ids;
    }

    private static async Task ExecuteAsync(RunningWorker worker, string sql)
    {
        await using var source = NpgsqlDataSource.Create(worker.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(RunningWorker worker)
    {
        await using var source = NpgsqlDataSource.Create(worker.ConnectionString);
        await using var command = source.CreateCommand("SELECT count(*) FROM email.mails");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
