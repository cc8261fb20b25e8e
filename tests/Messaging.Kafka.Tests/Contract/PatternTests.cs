using MassTransit;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>An endpoint reads all topics whose names match a regular expression, those that come later among them.</summary>
public class PatternTests : ContractTests
{
    private string _stem = null!;
    private string _dead = null!;

    [SetUp]
    public async Task CreateMatched()
    {
        _stem = KafkaFixture.UniqueName("tenant");
        _dead = await Kafka.CreateTopicAsync(KafkaFixture.UniqueName("dead"));
        await Kafka.CreateTopicAsync(_stem + "-a");
        await Kafka.CreateTopicAsync(_stem + "-b");
    }

    [Test]
    public async Task Messages_of_all_topics_are_consumed_of_new_ones_too_and_those_that_fail_say_where_they_came_from()
    {
        await using var host = await StartAsync();
        (await host.HealthAsync()).Description.ShouldBe("ready");
        await Kafka.Records.ProduceAsync(_stem + "-a", "k", """{"text":"1"}""");
        await Kafka.Records.ProduceAsync(_stem + "-b", "k", """{"text":"fails"}""");
        await Eventually.Until(() => Seen.Count == 2, null, "both topics are consumed");

        await Kafka.CreateTopicAsync(_stem + "-c");
        await Kafka.Records.ProduceAsync(_stem + "-c", "k", """{"text":"3"}""");
        await Eventually.Until(() => Seen.Count == 3, null, "the new topic is consumed");
        Seen.Order().ShouldBe([$"{_stem}-a: 1 at topic:{_stem}-a", $"{_stem}-b: fails at topic:{_stem}-b", $"{_stem}-c: 3 at topic:{_stem}-c"]);

        var letter = (await Eventually.Value(() => Kafka.Records.ReadAll(_dead), records => records.Count == 1, null, "the dead letter is there"))[0];
        (letter.Header("MT-Original-Topic"), letter.Header("MT-Original-Group"), letter.ValueText).ShouldBe((_stem + "-b", Group, """{"text":"fails"}"""));
        foreach (var topic in new[] { "-a", "-b", "-c" })
            await Eventually.Until(() => Kafka.Records.Lag(Group, _stem + topic) == 0, null, $"all of {topic} is committed");
        (await Eventually.Value(host.HealthAsync, health => health.Status == HealthStatus.Healthy, null, "the rider is healthy")).Description.ShouldBe("ready");
    }

    [Test]
    public async Task What_another_group_of_a_matched_topic_has_redelivered_is_passed_over()
    {
        await using var host = await StartAsync();
        await Kafka.Records.ProduceAsync(_stem + "-a", "k", """{"text":"another's"}""", (DelayHeaders.Endpoint, $"{_stem}-a/other"));
        await Kafka.Records.ProduceAsync(_stem + "-a", "k", """{"text":"copied"}""", (DelayHeaders.Endpoint, $"{_stem}-b/other"));
        await Eventually.Until(() => !Seen.IsEmpty && Kafka.Records.Lag(Group, _stem + "-a") == 0, null, "all is committed");
        Seen.ShouldBe([$"{_stem}-a: copied at topic:{_stem}-a"]);
    }

    [Test]
    public async Task A_raw_endpoint_reads_a_pattern_too_and_may_find_no_topic_at_first()
    {
        await using var host = await RiderHost.StartAsync(Kafka.BootstrapServers, _ => { }, (_, kafka) => kafka.RawTopicEndpoint($"^{_stem}-later$", Group, (record, _) =>
        {
            Seen.Enqueue(record.Topic);
            return Task.CompletedTask;
        }));
        (await host.HealthAsync()).Description.ShouldBe("ready");
        await Kafka.CreateTopicAsync(_stem + "-later");
        await Kafka.Records.ProduceAsync(_stem + "-later", "k", "1");
        await Eventually.Until(() => Seen.SequenceEqual([_stem + "-later"]), null, "the topic is read once it is there");
    }

    private Task<RiderHost> StartAsync() => RiderHost.StartAsync(
        Kafka.BootstrapServers,
        _ => { },
        (_, kafka) => kafka.TopicEndpoint<string, Order>($"^{_stem}-.*", Group, endpoint =>
        {
            endpoint.DeadLetterTopic = _dead;
            endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
            endpoint.Handler<Order>(context =>
            {
                Seen.Enqueue($"{context.GetPayload<KafkaConsumeContext>().Topic}: {context.Message.Text} at {context.ReceiveContext.InputAddress}");
                return context.Message.Text == "fails" ? throw new TimeoutException("never") : Task.CompletedTask;
            });
        }));
}
