using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Messaging.Kafka.Inspection;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>Topics that are made anew under a consumer, and records that are deleted before it has read them.</summary>
public class RecreatedTopicTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, byte> _handled = [];
    private readonly ConcurrentQueue<PartitionStretch> _deleted = [];
    private KafkaFixture _kafka = null!;
    private string _topic = null!;
    private string _group = null!;

    [SetUp]
    public async Task Start()
    {
        _handled.Clear();
        _deleted.Clear();
        _kafka = await KafkaFixture.StartAsync();
        _kafka.Require(KafkaCapability.TopicAdministration);
        (_topic, _group) = (await _kafka.CreateTopicAsync(KafkaFixture.UniqueName("anew"), partitions: 1), KafkaFixture.UniqueName("anew-group"));
        await _kafka.CreateTopicAsync(_topic + ".dlt", partitions: 1);
    }

    [TestCase(0)]
    [TestCase(40)]
    public async Task A_topic_made_anew_is_read_from_its_start_whatever_its_length(int longer)
    {
        await using var host = await StartAsync();
        await ProduceAsync("old", 20);
        await HandledAsync("old", 20);
        await Eventually.Until(() => _kafka.Records.Lag(_group, _topic) == 0, Within, "all of it is committed");

        using (var admin = Admin())
            await admin.DeleteTopicsAsync([_topic]);
        await Eventually.Until(async () =>
        {
            try
            {
                await _kafka.CreateTopicAsync(_topic, partitions: 1);
                return true;
            }
            catch (CreateTopicsException)
            {
                return false;
            }
        }, Within, "the topic is made anew");
        await ProduceAsync("new", 20 + longer);

        await HandledAsync("new", 20 + longer);
        await Eventually.Until(() => _kafka.Records.Lag(_group, _topic) == 0, Within, "its offsets are committed");
        _deleted.ShouldBeEmpty();
    }

    [Test]
    public async Task Records_deleted_before_they_were_read_are_told()
    {
        await using (await StartAsync())
        {
            await ProduceAsync("read", 5);
            await HandledAsync("read", 5);
        }

        _kafka.Records.Committed(_group, _topic)[0].ShouldBe(5);
        await ProduceAsync("deleted", 7);
        using (var admin = Admin())
            await admin.DeleteRecordsAsync([new TopicPartitionOffset(_topic, 0, 12)]);
        await ProduceAsync("left", 3);
        await using var host = await StartAsync();

        await HandledAsync("left", 3);
        await Eventually.Until(() => !_deleted.IsEmpty, Within, "the application is told");
        _deleted.ShouldHaveSingleItem().ShouldBe(new PartitionStretch(_topic, 0, 5, 12));
    }

    [Test]
    public async Task Records_deleted_under_a_consumer_that_is_behind_are_told_also_where_none_is_left()
    {
        await using (await StartAsync())
        {
            await ProduceAsync("read", 5);
            await HandledAsync("read", 5);
        }

        await ProduceAsync("deleted", 7);
        using (var admin = Admin())
            await admin.DeleteRecordsAsync([new TopicPartitionOffset(_topic, 0, 12)]);
        await using var host = await StartAsync();

        await Eventually.Until(() => !_deleted.IsEmpty, Within, "the application is told");
        _deleted.ShouldHaveSingleItem().ShouldBe(new PartitionStretch(_topic, 0, 5, 12));
    }

    private async Task ProduceAsync(string name, int count)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = _kafka.BootstrapServers }).Build();
        foreach (var number in Enumerable.Range(0, count))
            await producer.ProduceAsync(_topic, new Message<string, string> { Key = $"k{number}", Value = $$"""{"text":"{{name}} {{number}}"}""" });
    }

    private Task HandledAsync(string name, int count) => Eventually.Until(
        () => Enumerable.Range(0, count).All(number => _handled.ContainsKey($"{name} {number}")), Within, $"all of the {name} records are handled",
        () => Task.FromResult($"{_handled.Keys.Count(key => key.StartsWith(name, StringComparison.Ordinal))} of {count}"));

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _kafka.BootstrapServers }).Build();

    private Task<RiderHost> StartAsync() => RiderHost.StartAsync(
        _kafka.BootstrapServers,
        _ => { },
        (_, kafka) => kafka.TopicEndpoint<string, Contract.Order>(_topic, _group, endpoint =>
        {
            endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
            endpoint.OnRecordsDeleted((deleted, _) =>
            {
                _deleted.Enqueue(deleted);
                return Task.CompletedTask;
            });
            endpoint.Handler<Contract.Order>(context =>
            {
                _handled.TryAdd(context.Message.Text, 0);
                return Task.CompletedTask;
            });
        }));
}
