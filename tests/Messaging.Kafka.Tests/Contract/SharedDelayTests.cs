using MassTransit;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Two topics of one group with one set of delay topics.</summary>
public class SharedDelayTests : ContractTests
{
    [Test]
    public async Task Each_redelivered_record_comes_back_to_its_own_topic_with_its_key_and_bytes()
    {
        await using var host = await StartAsync((_, endpoint) => Configure(endpoint), kafka: kafka => kafka.TopicEndpoint<string, Order>(Other, Group, endpoint =>
        {
            endpoint.DelayTopicsOf = Topic;
            endpoint.DeadLetterTopic = Topic + ".dlt";
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
            Configure(endpoint);
        }));
        await Kafka.Records.ProduceAsync(Topic, "k1", """{"text":"one"}""");
        await Kafka.Records.ProduceAsync(Other, "k2", """{ "text":"other" }""");

        await Eventually.Until(() => Seen.Count == 4, null, "each was delivered twice");
        Seen.Order(StringComparer.Ordinal).ShouldBe(["one", "one", "other", "other"]);
        foreach (var (topic, key, value) in new[] { (Topic, "k1", """{"text":"one"}"""), (Other, "k2", """{ "text":"other" }""") })
        {
            var records = Kafka.Records.ReadAll(topic);
            records.Select(record => (record.KeyText, record.ValueText)).ShouldBe([(key, value), (key, value)]);
            records.Select(record => record.Header("MT-Redelivery-Count")).ShouldBe([null, "1"]);
            records.ShouldAllBe(record => record.Header("MT-Delay-Topic") == null);
        }

        Kafka.Records.ReadAll(Topic + ".delay.1s").Select(record => record.Header("MT-Delay-Topic")).Order(StringComparer.Ordinal).ShouldBe([null, Other]);
        await AllCommittedAsync();
        await Eventually.Until(() => Kafka.Records.Lag(Group, Other) == 0, null, "the other topic's offsets are committed by the same group");
    }

    [Test]
    public async Task A_record_that_names_a_topic_which_does_not_use_these_delays_goes_back_to_theirs()
    {
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(Note));
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", """{"text":"astray"}""", ("MT-Delay-Topic", Other));

        await Eventually.Until(() => Seen.SequenceEqual(["astray"]), null, "it is consumed");
        Kafka.Records.ReadAll(Other).ShouldBeEmpty();
    }

    [Test]
    public async Task Delay_topics_that_no_endpoint_reads_are_refused_at_the_start()
    {
        var exception = await Should.ThrowAsync<Exception>(() => StartAsync((_, endpoint) =>
        {
            endpoint.DelayTopicsOf = Other;
            endpoint.Handler<Order>(Note);
        }));
        exception.ToString().ShouldContain($"no endpoint of that topic brings records back from {Other}.delay.1s");
    }

    private void Configure(IKafkaTopicReceiveEndpointConfigurator endpoint)
    {
        endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
        endpoint.UseDelayedRedelivery(redelivery => redelivery.Intervals(TimeSpan.FromSeconds(1)));
        endpoint.Handler<Order>(context =>
        {
            Seen.Enqueue(context.Message.Text);
            return context.GetRedeliveryCount() > 0 ? Task.CompletedTask : throw new TimeoutException("not yet");
        });
    }
}
