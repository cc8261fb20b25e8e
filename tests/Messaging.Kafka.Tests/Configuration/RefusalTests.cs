using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Configuration;

/// <summary>What is not well is refused when the bus is built, before any broker is asked, with the key, the value and the fix.</summary>
public class RefusalTests
{
    [Test]
    public Task Acknowledgements_by_less_than_all_replicas_are_refused() =>
        RefusedAsync(rider => rider.AddProducer<string, Order>("orders", new ProducerConfig { Acks = Acks.Leader }), "Acks", "only All is allowed");

    [Test]
    public Task A_producer_that_is_not_idempotent_is_refused() =>
        RefusedAsync(rider => rider.AddProducer<string, Order>("orders", new ProducerConfig { EnableIdempotence = false }), "EnableIdempotence", "leave it out");

    [Test]
    public Task A_transactional_producer_is_refused() =>
        RefusedAsync(rider => rider.AddProducer<string, Order>("orders", new ProducerConfig { TransactionalId = "t" }), "TransactionalId", "no transactions");

    [Test]
    public Task A_producer_of_another_cluster_is_refused() =>
        RefusedAsync(rider => rider.AddProducer<string, Order>("orders", new ProducerConfig { BootstrapServers = "elsewhere:9092" }), "BootstrapServers", "one cluster");

    [Test]
    public Task Two_producers_of_one_service_are_refused_with_their_topics() => RefusedAsync(
        rider =>
        {
            rider.AddProducer<string, Order>("orders");
            rider.AddProducer<string, Order>("others");
        }, "orders, others", "ITopicProducerProvider");

    [Test]
    public Task An_endpoint_that_commits_by_itself_is_refused() => RefusedAsync(
        _ => { }, "EnableAutoCommit", "leave both alone",
        kafka => kafka.TopicEndpoint<string, Order>("orders", new ConsumerConfig { GroupId = "g", EnableAutoCommit = true }, _ => { }));

    [Test]
    public Task An_endpoint_without_a_group_is_refused() => RefusedAsync(
        _ => { }, "GroupId", "name the consumer group", kafka => kafka.TopicEndpoint<string, Order>("orders", new ConsumerConfig(), _ => { }));

    [Test]
    public Task An_endpoint_configured_twice_is_refused() => RefusedAsync(_ => { }, "topic orders and group g", "more than once", kafka =>
    {
        kafka.TopicEndpoint<string, Order>("orders", "g", _ => { });
        kafka.TopicEndpoint<string, Order>("orders", "g", _ => { });
    });

    [Test]
    public Task A_pattern_without_a_dead_letter_topic_is_refused() => RefusedAsync(
        _ => { }, "DeadLetterTopic is not set", "name one for all topics of the pattern", kafka => kafka.TopicEndpoint<string, Order>("^orders-.*", "g", _ => { }));

    [Test]
    public Task A_pattern_that_matches_its_dead_letter_topic_is_refused() => RefusedAsync(
        _ => { }, "DeadLetterTopic is orders-dlt", "would come back for ever",
        kafka => kafka.TopicEndpoint<string, Order>("^orders-.*", "g", endpoint => endpoint.DeadLetterTopic = "orders-dlt"));

    [Test]
    public Task A_pattern_with_delay_topics_is_refused() => RefusedAsync(
        _ => { }, "DelayTiers are set", "a TopicEndpoint of its own", kafka => kafka.TopicEndpoint<string, Order>("^orders-.*", "g", endpoint =>
        {
            endpoint.DeadLetterTopic = "dead";
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
        }));

    [Test]
    public Task Redelivery_of_a_pattern_is_refused() => RefusedAsync(
        _ => { }, "has UseDelayedRedelivery and no delay topics", "a pattern has none", kafka => kafka.TopicEndpoint<string, Order>("^orders-.*", "g", endpoint =>
        {
            endpoint.DeadLetterTopic = "dead";
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(_ => Task.CompletedTask);
        }));

    [Test]
    public Task A_pattern_that_is_no_regular_expression_is_refused() => RefusedAsync(
        _ => { }, "Topic is ^orders-(", "this one cannot be read", kafka => kafka.TopicEndpoint<string, Order>("^orders-(", "g", endpoint => endpoint.DeadLetterTopic = "dead"));

    [Test]
    public Task A_pattern_of_topics_to_produce_to_is_refused() => RefusedAsync(
        _ => { }, "^orders-.*", "a topic's name is", kafka => kafka.CreateIfMissing("^orders-.*"));

    [Test]
    public Task A_setting_that_is_the_brokers_with_their_protocol_is_refused() => RefusedAsync(
        _ => { }, "session.timeout.ms", "leave it out",
        kafka => kafka.TopicEndpoint<string, Order>(
            "orders", new ConsumerConfig { GroupId = "g", GroupProtocol = GroupProtocol.Consumer }, endpoint => endpoint.SessionTimeout = TimeSpan.FromSeconds(20)));

    [Test]
    public Task Redelivery_without_delay_topics_is_refused() => RefusedAsync(
        _ => { }, "DelayTiers", "UseDelayedRedelivery",
        kafka => kafka.TopicEndpoint<string, Order>("orders", "g", endpoint =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(_ => Task.CompletedTask);
        }));

    [Test]
    public Task Wrong_security_is_refused() => RefusedAsync(
        _ => { }, "UseSasl", "needs both", host: host => host.UseSasl(sasl => sasl.Mechanism = SaslMechanism.Plain));

    private static async Task RefusedAsync(
        Action<IRiderRegistrationConfigurator> register, string key, string fix, Action<IKafkaFactoryConfigurator>? configure = null,
        Action<IKafkaHostConfigurator>? host = null)
    {
        var refused = await Should.ThrowAsync<ConfigurationException>(() => RiderHost.StartAsync("127.0.0.1:1", register, (_, kafka) => configure?.Invoke(kafka), host: host));
        var message = refused.ToString();
        message.ShouldContain(key);
        message.ShouldContain(fix);
    }
}
