using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

public class KafkaFixtureTests
{
    [Test]
    public async Task A_record_is_read_back_byte_for_byte_with_its_headers()
    {
        var kafka = await KafkaFixture.StartAsync();
        var topic = await kafka.CreateTopicAsync(KafkaFixture.UniqueName("records"));
        byte[] poison = [0xff, 0x00, 0x7b];

        var written = await kafka.Records.ProduceAsync(topic, "key"u8.ToArray(), poison, ("MessageId", "1"), ("MessageId", "2"));
        await kafka.Records.ProduceAsync(topic, null, (byte[]?)null);

        var records = kafka.Records.ReadAll(topic);
        records.Count.ShouldBe(2);
        var record = records.Single(read => read.KeyText == "key");
        record.Value.ShouldBe(poison);
        record.Offset.ShouldBe(written.Offset.Value);
        record.Header("MessageId").ShouldBe("2");
        record.Headers.Count.ShouldBe(2);
        records.Single(read => read.KeyText is null).Value.ShouldBeNull();
    }

    [Test]
    public async Task Lag_counts_what_a_group_has_not_committed()
    {
        var kafka = await KafkaFixture.StartAsync();
        var topic = await kafka.CreateTopicAsync(KafkaFixture.UniqueName("lag"));
        var group = KafkaFixture.UniqueName("group");
        for (var i = 0; i < 3; i++)
            await kafka.Records.ProduceAsync(topic, "same", $"{i}");

        kafka.Records.Lag(group, topic).ShouldBe(3);
        kafka.Records.Committed(group, topic).ShouldBeEmpty();
        kafka.Records.EndOffsets(topic).Values.Sum().ShouldBe(3);
    }

    [Test]
    public async Task A_topic_gets_the_partitions_that_were_asked_for()
    {
        var kafka = await KafkaFixture.StartAsync();
        kafka.Require(KafkaCapability.TopicAdministration);
        var topic = await kafka.CreateTopicAsync(KafkaFixture.UniqueName("partitions"), partitions: 7);
        kafka.Records.EndOffsets(topic).Count.ShouldBe(7);
    }
}
