using System.Collections.Concurrent;
using MassTransit;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Several groups read one topic, each with redelivery: what one delays comes back once, to that one.</summary>
public class SeveralGroupsTests : ContractTests
{
    private readonly ConcurrentQueue<(string Group, string Text, int Redeliveries)> _deliveries = [];
    private string _second = null!;
    private string _third = null!;

    [SetUp]
    public async Task NameGroups()
    {
        _deliveries.Clear();
        (_second, _third) = (Group + "-second", Group + "-third");
        await Kafka.CreateTopicAsync(Topic + ".again.1s");
    }

    [Test]
    public async Task Each_group_gets_its_own_redeliveries_and_none_of_the_others()
    {
        // Two of them in one process, as an application has two views of a topic, and one in another that never redelivers.
        await using var both = await StartAsync(kafka =>
        {
            AddEndpoint(kafka, Group, failures: 2);
            AddEndpoint(kafka, _second, failures: 1);
        });
        await using var third = await StartAsync(kafka => AddEndpoint(kafka, _third, failures: 0, delays: false));
        string[] texts = ["1", "2", "3", "4"];
        foreach (var text in texts)
            await Kafka.Records.ProduceAsync(Topic, text, $$"""{"text":"{{text}}"}""");

        await Eventually.Until(() => _deliveries.Count >= 4 * (3 + 2 + 1), null, "every group has had its deliveries");
        await NoLagAsync();
        foreach (var (group, count) in new[] { (Group, 3), (_second, 2), (_third, 1) })
        {
            _deliveries.Where(delivery => delivery.Group == group).Select(delivery => (delivery.Text, delivery.Redeliveries)).Order()
                .ShouldBe(texts.SelectMany(text => Enumerable.Range(0, count).Select(redeliveries => (text, redeliveries))), group);
        }

        var back = Kafka.Records.ReadAll(Topic).Where(record => record.Header(DelayHeaders.Origin) is not null).ToList();
        back.Count.ShouldBe(4 * (2 + 1));
        back.ShouldAllBe(record => record.Header(DelayHeaders.Group) == null);
        back.Select(record => record.Header(DelayHeaders.Endpoint)).Distinct().ShouldBe([$"{Topic}/{Group}", $"{Topic}/{_second}"], ignoreOrder: true);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task Records_of_a_version_before_that_name_no_group_are_every_groups()
    {
        // Such a record is brought back by each forwarder there is: here one.
        await using var first = await StartAsync(kafka => AddEndpoint(kafka, Group, failures: 0));
        await using var second = await StartAsync(kafka => AddEndpoint(kafka, _second, failures: 0, delays: false));
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", """{"text":"waits"}""", ("MT-Redelivery-Count", "1"));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"is back"}""", ("MT-Redelivery-Count", "2"), (DelayHeaders.Origin, "elsewhere/0/0"));

        await Eventually.Until(() => _deliveries.Count >= 4, null, "both groups have had both");
        await NoLagAsync();
        _deliveries.Order().ShouldBe(
        [
            (Group, "is back", 2), (Group, "waits", 1), (_second, "is back", 2), (_second, "waits", 1),
        ]);
    }

    [Test]
    public async Task A_message_that_is_sent_with_a_delay_comes_to_every_group_and_comes_once()
    {
        await using var host = await StartAsync(kafka =>
        {
            AddEndpoint(kafka, Group, failures: 0);
            AddEndpoint(kafka, _second, failures: 0);
        });
        await host.ProduceAsync("k", new Order("later"), context => context.Delay = TimeSpan.FromSeconds(1));

        await Eventually.Until(() => _deliveries.Count >= 2, null, "both groups have it");
        await NoLagAsync();
        _deliveries.Order().ShouldBe([(Group, "later", 0), (_second, "later", 0)]);
        var record = Kafka.Records.ReadAll(Topic).ShouldHaveSingleItem();
        (record.Header(DelayHeaders.Group), record.Header(DelayHeaders.Endpoint)).ShouldBe((null, null));
    }

    [Test]
    public async Task What_was_redelivered_in_a_topic_is_as_good_as_any_record_in_another_that_it_is_copied_to()
    {
        await using var host = await StartAsync(kafka => AddEndpoint(kafka, Group, failures: 0));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"copied"}""", (DelayHeaders.Endpoint, $"{Topic}.elsewhere/{_second}"));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"another's"}""", (DelayHeaders.Endpoint, $"{Topic}/{_second}"));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"own"}""", (DelayHeaders.Endpoint, $"{Topic}/{Group}"));

        await Eventually.Until(() => Kafka.Records.Lag(Group, Topic) == 0, null, "all are committed");
        _deliveries.Select(delivery => delivery.Text).ShouldBe(["copied", "own"]);
    }

    [Test]
    public async Task A_dead_letter_of_what_was_redelivered_is_read_by_any_group_of_the_dead_letter_topic()
    {
        await Kafka.CreateTopicAsync(Topic + ".dlt.dlt");
        await using var host = await StartAsync(kafka =>
        {
            AddEndpoint(kafka, Group, failures: int.MaxValue);
            kafka.TopicEndpoint<string, Order>(Topic + ".dlt", _second, endpoint => Configure(endpoint, _second, failures: 0, delays: false));
        });
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"never"}""");

        await Eventually.Until(() => _deliveries.Any(delivery => delivery.Group == _second), null, "the dead letter is consumed");
        _deliveries.Where(delivery => delivery.Group == _second).ShouldHaveSingleItem().Text.ShouldBe("never");
    }

    [Test]
    public async Task Two_endpoints_of_a_topic_may_have_delay_topics_and_dead_letters_of_their_own()
    {
        await Kafka.CreateTopicAsync(Topic + ".again.dlt");
        await using var host = await StartAsync(kafka =>
        {
            AddEndpoint(kafka, Group, failures: 1);
            kafka.TopicEndpoint<string, Order>(Topic, _second, endpoint =>
            {
                endpoint.DelayTopicSuffix = ".again.";
                endpoint.DeadLetterTopic = Topic + ".again.dlt";
                Configure(endpoint, _second, failures: int.MaxValue, delays: true);
            });
        });
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""");

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".again.dlt"), records => records.Count == 1, null, "the second gives up");
        dead[0].Header("MT-Original-Group").ShouldBe(_second);
        await NoLagAsync();
        Kafka.Records.ReadAll(Topic + ".delay.1s").Select(record => record.Header(DelayHeaders.Endpoint)).ShouldBe([$"{Topic}/{Group}"]);
        Kafka.Records.ReadAll(Topic + ".again.1s").Select(record => record.Header(DelayHeaders.Endpoint)).ShouldBe([$"{Topic}/{_second}", $"{Topic}/{_second}"]);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
        _deliveries.Where(delivery => delivery.Group == Group).Select(delivery => delivery.Redeliveries).ShouldBe([0, 1]);
    }

    [Test]
    public async Task A_topic_with_one_group_takes_what_was_delayed_under_the_groups_former_name()
    {
        await using var host = await StartAsync(kafka => kafka.TopicEndpoint<string, Order>(Topic, Group, endpoint =>
        {
            endpoint.SeparateRedeliveries = false;
            Configure(endpoint, Group, failures: 1, delays: true);
        }));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"back"}""", (DelayHeaders.Endpoint, $"{Topic}/former"), ("MT-Redelivery-Count", "1"));
        await Kafka.Records.ProduceAsync(
            Topic + ".delay.1s", "k", """{"text":"waits"}""", (DelayHeaders.Endpoint, $"{Topic}/former"), (DelayHeaders.Group, "former-delay"), ("MT-Redelivery-Count", "1"));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"new"}""");

        await Eventually.Until(() => _deliveries.Count == 4, null, "all are consumed, and the new one twice");
        Kafka.Records.ReadAll(Topic + ".delay.1s").Where(record => record.ValueText == """{"text":"new"}""").ShouldHaveSingleItem()
            .Headers.Select(header => header.Key).ShouldNotContain(name => name == DelayHeaders.Endpoint || name == DelayHeaders.Group, "the wire is that of a version before");
    }

    private Task<RiderHost> StartAsync(Action<IKafkaFactoryConfigurator> configure) => RiderHost.StartAsync(
        Kafka.BootstrapServers, rider => rider.AddProducer<string, Order>(Topic), (_, kafka) => configure(kafka));

    private void AddEndpoint(IKafkaFactoryConfigurator kafka, string group, int failures, bool delays = true) =>
        kafka.TopicEndpoint<string, Order>(Topic, group, endpoint => Configure(endpoint, group, failures, delays));

    /// <summary>An endpoint that fails a message so many times, and redelivers it twice at the most.</summary>
    private void Configure(IKafkaTopicReceiveEndpointConfigurator<string, Order> endpoint, string group, int failures, bool delays)
    {
        endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
        if (delays)
        {
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(2, TimeSpan.FromSeconds(1)));
        }

        endpoint.Handler<Order>(context =>
        {
            _deliveries.Enqueue((group, context.Message.Text, context.GetRedeliveryCount()));
            return context.GetRedeliveryCount() < failures ? throw new TimeoutException("not yet") : Task.CompletedTask;
        });
    }

    /// <summary>Nothing waits for anybody: whatever comes twice has come.</summary>
    private async Task NoLagAsync()
    {
        // Back from the delay topics before the topic itself.
        foreach (var group in new[] { Group, _second, _third })
        {
            await Eventually.Until(
                () => new[] { ".delay.1s", ".again.1s" }.All(suffix => Kafka.Records.Committed(group + "-delay", Topic + suffix).Count == 0 || Kafka.Records.Lag(group + "-delay", Topic + suffix) == 0),
                null, $"nothing waits for {group}");
        }

        foreach (var group in new[] { Group, _second, _third })
            await Eventually.Until(() => Kafka.Records.Committed(group, Topic).Count == 0 || Kafka.Records.Lag(group, Topic) == 0, null, $"all is committed by {group}");
    }
}
