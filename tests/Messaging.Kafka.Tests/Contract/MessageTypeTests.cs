using System.Collections.Concurrent;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Anything that happens to an order.</summary>
public interface IOrderEvent
{
    string Text { get; }
}

/// <summary>An order has come.</summary>
public sealed record OrderPlaced(string Text) : IOrderEvent;

/// <summary>An order has gone.</summary>
public sealed record OrderCanceled(string Text) : IOrderEvent;

/// <summary>An endpoint gives its consumers records of its own type, and of no other.</summary>
public class MessageTypeTests : ContractTests
{
    private static readonly string PlacedName = MessageUrn.ForTypeString<OrderPlaced>();
    private static readonly string CanceledName = MessageUrn.ForTypeString<OrderCanceled>();
    private static readonly string EventName = MessageUrn.ForTypeString<IOrderEvent>();

    [Test]
    public async Task A_consumer_of_two_types_on_two_endpoints_gets_each_record_once_as_its_endpoints_type()
    {
        await using var host = await StartAsync(kafka =>
        {
            kafka.Endpoint<OrderPlaced>(Topic);
            kafka.Endpoint<OrderCanceled>(Other);
        });
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""");
        await Kafka.Records.ProduceAsync(Other, "k", """{"text":"2"}""");

        await Eventually.Until(() => Seen.Count >= 2, null, "both are consumed");
        await NoLagAsync(Topic, Other);
        Seen.Order(StringComparer.Ordinal).ShouldBe(["OrderCanceled 2", "OrderPlaced 1"]);
    }

    [TestCase("")]
    [TestCase("application/json")]
    public async Task A_record_that_names_other_types_alone_is_a_dead_letter_though_a_consumer_takes_that_type(string contentType)
    {
        await using var host = await StartAsync(kafka => kafka.Endpoint<OrderPlaced>(Topic));
        (string, string)[] headers = contentType.Length == 0 ? [] : [("Content-Type", contentType)];
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""", [.. headers, ("MT-MessageType", $"{CanceledName};{EventName}")]);
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"2"}""", [.. headers, ("MT-MessageType", PlacedName)]);

        await ShouldBeDeadAsync("""{"text":"1"}""");
        await NoLagAsync(Topic);
        Seen.ShouldBe(["OrderPlaced 2"]);
    }

    [Test]
    public async Task An_envelopes_types_count_as_a_headers_do()
    {
        await using var host = await StartAsync(kafka => kafka.Endpoint<OrderPlaced>(Topic));
        var envelope = ("Content-Type", "application/vnd.masstransit+json");
        await Kafka.Records.ProduceAsync(Topic, "k", Envelope(CanceledName, "1"), envelope);
        await Kafka.Records.ProduceAsync(Topic, "k", Envelope(PlacedName, "2"), envelope);

        await ShouldBeDeadAsync(Envelope(CanceledName, "1"));
        await NoLagAsync(Topic);
        Seen.ShouldBe(["OrderPlaced 2"]);
    }

    [Test]
    public async Task A_consumer_of_what_the_endpoints_type_derives_from_gets_its_records_too()
    {
        await using var host = await StartAsync(kafka => kafka.Endpoint<OrderPlaced>(Topic, endpoint => endpoint.Handler<IOrderEvent>(context =>
        {
            Seen.Enqueue($"event {context.Message.Text}");
            return Task.CompletedTask;
        })));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""");
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"2"}""", ("MT-MessageType", $"{PlacedName};{EventName}"));

        await NoLagAsync(Topic);
        Seen.Order(StringComparer.Ordinal).ShouldBe(["OrderPlaced 1", "OrderPlaced 2", "event 1", "event 2"]);
    }

    [Test]
    public async Task Several_types_in_one_topic_go_each_to_its_consumer_where_the_endpoint_is_of_what_they_have_in_common()
    {
        await using var host = await StartAsync(kafka => kafka.Endpoint<IOrderEvent>(Topic));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""", ("MT-MessageType", $"{PlacedName};{EventName}"));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"2"}""", ("MT-MessageType", CanceledName));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"3"}""");

        // Of what names no type it is only known that it is an event.
        await ShouldBeDeadAsync("""{"text":"3"}""");
        await NoLagAsync(Topic);
        Seen.ShouldBe(["OrderPlaced 1", "OrderCanceled 2"]);
    }

    [Test]
    public async Task A_saga_that_stands_on_two_topics_meets_the_event_of_each_once()
    {
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddSagaStateMachine<OrderMachine, OrderState>().InMemoryRepository(),
            (context, kafka) =>
            {
                Add<OrderBegun>(Topic);
                Add<OrderPaid>(Other);
                void Add<T>(string topic)
                    where T : class => kafka.TopicEndpoint<string, T>(topic, Group, endpoint =>
                    {
                        endpoint.DeadLetterTopic = Topic + ".dlt";
                        endpoint.ConfigureSaga<OrderState>(context);
                    });
            },
            services => services.AddSingleton(Seen));
        var id = NewId.NextGuid();
        await Kafka.Records.ProduceAsync(Topic, "k", $$"""{"id":"{{id}}"}""");
        await Eventually.Until(() => Seen.SequenceEqual([$"begun {id}"]), null, "the saga begins");
        await Kafka.Records.ProduceAsync(Other, "k", $$"""{"id":"{{id}}"}""");

        await Eventually.Until(() => Seen.SequenceEqual([$"begun {id}", $"paid {id}"]), null, "the saga ends");
        await NoLagAsync(Topic, Other);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    private static string Envelope(string type, string text) =>
        $$$"""{"messageId":"{{{new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11])}}}","messageType":["{{{type}}}"],"message":{"text":"{{{text}}}"}}""";

    private Task<RiderHost> StartAsync(Action<Endpoints> endpoints) => RiderHost.StartAsync(
        Kafka.BootstrapServers,
        rider => rider.AddConsumer<OrderAudit>(),
        (context, kafka) => endpoints(new Endpoints(context, kafka, Group, Topic + ".dlt")),
        services => services.AddSingleton(Seen));

    private async Task ShouldBeDeadAsync(string value)
    {
        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        (dead[0].ValueText, dead[0].Header("MT-Reason")).ShouldBe((value, "dead-letter"));
    }

    private async Task NoLagAsync(params string[] topics)
    {
        foreach (var topic in topics)
            await Eventually.Until(() => Kafka.Records.Lag(Group, topic) == 0, null, $"all of {topic} is committed");
    }

    private sealed record Endpoints(IRiderRegistrationContext Context, IKafkaFactoryConfigurator Kafka, string Group, string DeadLetters)
    {
        public void Endpoint<T>(string topic, Action<IKafkaTopicReceiveEndpointConfigurator<string, T>>? configure = null)
            where T : class => Kafka.TopicEndpoint<string, T>(topic, Group, endpoint =>
            {
                endpoint.DeadLetterTopic = DeadLetters;
                endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
                endpoint.ConfigureConsumer<OrderAudit>(Context);
                configure?.Invoke(endpoint);
            });
    }

    public sealed class OrderAudit(ConcurrentQueue<string> seen) : IConsumer<OrderPlaced>, IConsumer<OrderCanceled>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context) => NoteAsync(context.Message);

        public Task Consume(ConsumeContext<OrderCanceled> context) => NoteAsync(context.Message);

        private Task NoteAsync(IOrderEvent message)
        {
            seen.Enqueue($"{message.GetType().Name} {message.Text}");
            return Task.CompletedTask;
        }
    }
}

/// <summary>An order begins.</summary>
public sealed record OrderBegun(Guid Id);

/// <summary>An order is paid.</summary>
public sealed record OrderPaid(Guid Id);

/// <summary>What is known of an order.</summary>
public sealed class OrderState : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = "";
}

/// <summary>From the order to its payment.</summary>
public sealed class OrderMachine : MassTransitStateMachine<OrderState>
{
    public OrderMachine(ConcurrentQueue<string> seen)
    {
        InstanceState(state => state.CurrentState);
        Event(() => Begun, configure => configure.CorrelateById(context => context.Message.Id));
        Event(() => Paid, configure => configure.CorrelateById(context => context.Message.Id));
        Initially(When(Begun).Then(context => seen.Enqueue($"begun {context.Message.Id}")).TransitionTo(Waiting));
        During(Waiting, When(Paid).Then(context => seen.Enqueue($"paid {context.Message.Id}")).Finalize());
        SetCompletedWhenFinalized();
    }

    public State Waiting { get; private set; } = null!;

    public Event<OrderBegun> Begun { get; private set; } = null!;

    public Event<OrderPaid> Paid { get; private set; } = null!;
}
