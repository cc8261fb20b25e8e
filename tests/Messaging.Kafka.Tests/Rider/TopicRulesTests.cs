using MassTransit;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>What a topic's settings must be, and what is said of those that are not.</summary>
public class TopicRulesTests
{
    private static readonly RequiredTopic Orders = new("orders", new KafkaTopicOptions(), TopicUse.Read);
    private static readonly RequiredTopic Dead = new("orders.dlt", new KafkaTopicOptions(), TopicUse.Write, "orders");
    private static readonly RequiredTopic Delay = new("orders.delay.1s", new KafkaTopicOptions(), TopicUse.Read, "orders", TimeSpan.FromDays(7), IsDelay: true);

    [TestCase(1, "1")]
    [TestCase(2, "1")]
    [TestCase(3, "2")]
    [TestCase(5, "2")]
    public void A_new_topic_has_what_the_promises_need(int replicas, string leastInSync) => TopicRules.ForNew(Orders, replicas).ShouldBe(new Dictionary<string, string>
    {
        ["cleanup.policy"] = "delete",
        ["retention.ms"] = "-1",
        ["retention.bytes"] = "-1",
        ["max.message.bytes"] = "1048576",
        ["unclean.leader.election.enable"] = "false",
        ["min.insync.replicas"] = leastInSync,
    }, ignoreOrder: true);

    [Test]
    public void A_new_topic_has_the_clusters_min_insync_replicas_where_nobody_may_know_how_many_replicas_it_gets() =>
        TopicRules.ForNew(Orders, null).Keys.ShouldNotContain("min.insync.replicas");

    [Test]
    public void A_delay_is_timed_by_the_clock_that_wrote_it() => TopicRules.ForNew(Delay, 1)["message.timestamp.type"].ShouldBe("CreateTime");

    [Test]
    public void Whatever_is_created_here_is_right()
    {
        foreach (var topic in new[] { Orders, Dead, Delay with { Options = new KafkaTopicOptions { Retention = TimeSpan.FromDays(7) } } })
        {
            foreach (var replicas in new[] { 2, 3, 5 })
                TopicRules.Judge(topic, State(replicas, TopicRules.ForNew(topic, replicas)), State(replicas, TopicRules.ForNew(Orders, replicas)), 5).ShouldBeEmpty();
        }
    }

    [TestCase("cleanup.policy", "compact", "delete")]
    [TestCase("cleanup.policy", "compact,delete", "delete")]
    [TestCase("retention.ms", "604800000", "-1")]
    [TestCase("retention.bytes", "1073741824", "-1")]
    [TestCase("min.insync.replicas", "1", "2")]
    [TestCase("unclean.leader.election.enable", "true", "false")]
    public void A_setting_that_may_lose_records_is_named_with_its_value_what_it_should_be_and_the_command(string setting, string value, string wanted)
    {
        var finding = TopicRules.Judge(Orders, State(3, With(TopicRules.ForNew(Orders, 3), setting, value)), null, 3).ShouldHaveSingleItem();

        (finding.Topic, finding.Setting, finding.Value, finding.Wanted).ShouldBe(("orders", setting, value, wanted));
        finding.IsRefused.ShouldBe(setting == "cleanup.policy");
        finding.Text.ShouldStartWith($"{setting} is {value}, and should be {wanted}: ");
        finding.Text.ShouldEndWith($"kafka-configs.sh --bootstrap-server <server> --alter --entity-type topics --entity-name orders --add-config {setting}={wanted}");
    }

    [TestCase(7, true)]
    [TestCase(30, false)]
    public void A_retention_is_measured_by_the_one_that_is_required(int days, bool isTooShort) =>
        TopicRules.Judge(Orders with { Retention = TimeSpan.FromDays(30) }, State(3, With(TopicRules.ForNew(Orders, 3), "retention.ms", $"{(long)TimeSpan.FromDays(days).TotalMilliseconds}")), null, 3)
            .Any().ShouldBe(isTooShort);

    [TestCase(1, 3, "3")]
    [TestCase(1, 2, "2")]
    [TestCase(1, 1, null)]
    [TestCase(2, 3, null)]
    public void One_replica_is_too_few_where_there_are_more_brokers(int replicas, int brokers, string? wanted) =>
        TopicRules.Judge(Orders, State(replicas, TopicRules.ForNew(Orders, replicas)), null, brokers).SingleOrDefault()?.Wanted.ShouldBe(wanted);

    [TestCase(2)]
    [TestCase(8)]
    public void A_dead_letter_topic_has_as_many_partitions_as_its_topic(int partitions) =>
        TopicRules.Judge(Dead, State(1, TopicRules.ForNew(Dead, 1)) with { Partitions = partitions }, State(1, TopicRules.ForNew(Orders, 1)), 1)
            .ShouldHaveSingleItem().Setting.ShouldBe("the number of partitions");

    [Test]
    public void A_dead_letter_topic_takes_what_its_topic_takes()
    {
        var finding = TopicRules.Judge(Dead, State(1, With(TopicRules.ForNew(Dead, 1), "max.message.bytes", "1000")), State(1, TopicRules.ForNew(Orders, 1)), 1).ShouldHaveSingleItem();
        (finding.Setting, finding.Value).ShouldBe(("max.message.bytes", "1000"));
        finding.Fix.ShouldEndWith("max.message.bytes=1048576");
    }

    [Test]
    public void Settings_that_may_not_be_read_are_not_judged() => TopicRules.Judge(Orders, new TopicState(4, 3, null), null, 3).ShouldBeEmpty();

    [Test]
    public void What_a_topic_has_otherwise_than_configured_is_told() =>
        TopicRules.Deviations(
                new("orders", new KafkaTopicOptions { NumPartitions = 8, ReplicationFactor = 3, MaxMessageBytes = 2_000_000 }, TopicUse.Read),
                State(2, With(TopicRules.ForNew(Orders, 2), "retention.ms", "1000")))
            .ShouldBe(["4 partitions, configured are 8", "2 replicas, configured are 3", "retention.ms=1000, configured is -1", "max.message.bytes=1048576, configured is 2000000"], ignoreOrder: true);

    private static TopicState State(int replicas, Dictionary<string, string> settings) => new(4, replicas, settings);

    private static Dictionary<string, string> With(Dictionary<string, string> settings, string setting, string value) => new(settings) { [setting] = value };
}
