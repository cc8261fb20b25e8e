using Confluent.Kafka;
using MassTransit;
using MassTransit.Saga;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>The test kit of MassTransit's own rider: topics for a test, producers of the harness, and a saga on topic endpoints that produces.</summary>
public class TestKitTests
{
    private KafkaFixture _kafka = null!;
    private string _orders = null!;
    private string _shipments = null!;

    [SetUp]
    public async Task NameTopics()
    {
        _kafka = await KafkaFixture.StartAsync();
        _orders = KafkaFixture.UniqueName("orders");
        _shipments = KafkaFixture.UniqueName("shipments");
    }

    [Test]
    public async Task A_saga_on_a_topic_endpoint_produces_in_each_way_and_the_harness_knows()
    {
        await using var provider = Build();
        var harness = provider.GetTestHarness();
        await harness.Start();
        var id = NewId.NextGuid();
        await harness.GetProducer<OrderPlaced>().Produce(new OrderPlaced(id, "a lamp"));
        await harness.GetProducer<string, OrderPlaced>().Produce("k", new OrderPlaced(NewId.NextGuid(), "fails"));

        (await harness.Consumed.Any<OrderPlaced>(consumed => consumed.Context.Message.OrderId == id)).ShouldBeTrue();
        var records = await Eventually.Value(() => _kafka.Records.ReadAll(_shipments), found => found.Count >= 5, null, "the saga has produced");
        records.Select(record => record.ValueText!).Order().ShouldBe(
            new[] { "made", "awaited", "initialized", "constant", "failed" }.Select(how => $$"""{"how":"{{how}}"}""").Order());
        records.Single(record => record.ValueText!.Contains("made")).Header("Saga").ShouldBe("a lamp");
        // What a saga produces belongs to the conversation of what it consumes.
        records.ShouldAllBe(record => record.Header("ConversationId") != null);
        (await harness.Sent.SelectAsync<Shipment>().Count()).ShouldBe(5);
        provider.GetRequiredService<IndexedSagaDictionary<OrderState>>()[id].Instance.CurrentState.ShouldBe("Placed");
        await harness.Stop();
    }

    [Test]
    public async Task Topics_are_created_with_their_dead_letter_topics_and_those_of_a_test_before_are_emptied()
    {
        _kafka.Require(KafkaCapability.TopicAdministration);
        await _kafka.CreateTopicAsync(_orders);
        await _kafka.Records.ProduceAsync(_orders, "k", "of a test before");
        await using var provider = Build(options =>
        {
            options.CleanTopicsOnStart = true;
            options.Partitions = 3;
        });
        var harness = provider.GetTestHarness();
        await harness.Start();
        _kafka.Records.ReadAll(_orders).ShouldBeEmpty();
        var topics = provider.GetRequiredService<IAdminClient>().GetMetadata(TimeSpan.FromSeconds(10)).Topics;
        foreach (var topic in new[] { _orders, _orders + ".dlt", _shipments, _shipments + ".dlt" })
            topics.Single(found => found.Topic == topic).Partitions.Count.ShouldBe(3);
        await harness.Stop();
    }

    [Test]
    public void Test_options_behind_the_bus_are_refused() =>
        Should.Throw<ConfigurationException>(() => new ServiceCollection().AddMassTransit(bus => bus.UsingInMemory()).ConfigureKafkaTestOptions())
            .Message.ShouldContain("call it before");

    private ServiceProvider Build(Action<KafkaTestHarnessOptions>? configure = null) => new ServiceCollection()
        .AddLogging()
        .ConfigureKafkaTestOptions(new ClientConfig { BootstrapServers = _kafka.BootstrapServers }, options =>
        {
            options.CreateTopicsIfNotExists = true;
            options.TopicNames = [_orders, _shipments];
            configure?.Invoke(options);
        })
        .AddMassTransitTestHarness(bus =>
        {
            bus.SetTestTimeouts(testInactivityTimeout: TimeSpan.FromSeconds(20));
            bus.AddRider(rider =>
            {
                rider.AddSagaStateMachine<OrderMachine, OrderState>().InMemoryRepository();
                rider.AddProducer<OrderPlaced>(_orders);
                rider.AddProducer<string, OrderPlaced>(_orders);
                rider.AddProducer<Shipment>(_shipments);
                rider.UsingKafka((context, kafka) => kafka.TopicEndpoint<OrderPlaced>(_orders, _orders + "-group", endpoint =>
                {
                    endpoint.UseInMemoryOutbox(context);
                    endpoint.ConfigureSaga<OrderState>(context);
                }));
            });
        })
        .BuildServiceProvider(validateScopes: true);

    public sealed record OrderPlaced(Guid OrderId, string What);

    public sealed record Shipment
    {
        public string How { get; init; } = "";
    }

    public sealed class OrderState : SagaStateMachineInstance
    {
        public Guid CorrelationId { get; set; }

        public string CurrentState { get; set; } = "";
    }

    public sealed class OrderMachine : MassTransitStateMachine<OrderState>
    {
        public OrderMachine()
        {
            InstanceState(saga => saga.CurrentState);
            Event(() => OrderPlaced, placed => placed.CorrelateById(context => context.Message.OrderId));
            Initially(
                When(OrderPlaced, context => context.Message.What == "a lamp")
                    .Produce(context => new Shipment { How = "made" }, send => send.Headers.Set("Saga", "a lamp"))
                    .Produce(context => Task.FromResult(new Shipment { How = "awaited" }))
                    .Produce(context => context.Init<Shipment>(new { How = "initialized" }))
                    .Produce(new Shipment { How = "constant" })
                    .TransitionTo(Placed),
                When(OrderPlaced, context => context.Message.What == "fails")
                    .Then(_ => throw new TimeoutException("away"))
                    .Catch<TimeoutException>(caught => caught.Produce(context => new Shipment { How = "failed" }))
                    .TransitionTo(Placed));
        }

        public State Placed { get; set; } = null!;

        public Event<OrderPlaced> OrderPlaced { get; set; } = null!;
    }
}
