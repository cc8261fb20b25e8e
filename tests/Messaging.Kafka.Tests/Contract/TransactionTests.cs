using System.Text;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Topics into which others write in transactions.</summary>
public class TransactionTests : ContractTests
{
    [Test]
    public async Task Markers_and_aborted_records_are_no_lag_and_are_not_read()
    {
        Kafka.Require(KafkaCapability.Transactions);
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(Note));
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = Kafka.BootstrapServers, TransactionalId = Topic }).Build();
        producer.InitTransactions(Eventually.DefaultDeadline);

        await WriteAsync(producer, "1", "2", "3");
        producer.CommitTransaction();
        await WriteAsync(producer, "aborted");
        producer.AbortTransaction();
        await Eventually.Until(() => Seen.Order().SequenceEqual(["1", "2", "3"]), null, "what was committed is consumed");
        await AllCommittedAsync();

        // With nothing read since: the end alone moves the watermark.
        await WriteAsync(producer, "aborted, too");
        producer.AbortTransaction();
        await AllCommittedAsync();

        var ends = Kafka.Records.EndOffsets(Topic);
        ends.Values.Sum().ShouldBeGreaterThan(5, "markers and aborted records have offsets");
        var reader = new TopicReader(new ClientConfig { BootstrapServers = Kafka.BootstrapServers }, TimeProvider.System, NullLogger<TopicReader>.Instance);
        reader.Read([.. ends.Select(end => new PartitionStretch(Topic, end.Key, 0, end.Value))], Eventually.DefaultDeadline)
            .Select(record => Encoding.UTF8.GetString(record.Value!)).Order()
            .ShouldBe(["""{"text":"1"}""", """{"text":"2"}""", """{"text":"3"}"""]);
    }

    private async Task WriteAsync(IProducer<byte[]?, byte[]?> producer, params string[] texts)
    {
        producer.BeginTransaction();
        foreach (var text in texts)
            await producer.ProduceAsync(Topic, new Message<byte[]?, byte[]?> { Key = Encoding.UTF8.GetBytes(text), Value = Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}""") });
    }
}
