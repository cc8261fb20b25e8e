using Confluent.Kafka;
using InMemoryKafka;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>
/// A service as somebody writes it who has the manual alone: a topic of several types, a saga on two topics, a consumer with redelivery, a
/// consumer of its dead letters, and a batch consumer that comes at run time; tested with MassTransit's harness, with a broker and with
/// the manual's one in memory.
/// </summary>
public class ShopTests
{
    private string _orders = null!;
    private string _payments = null!;
    private string _parcels = null!;
    private string _invoices = null!;
    private string _group = null!;

    [SetUp]
    public void NameTopics()
    {
        _orders = KafkaFixture.UniqueName("orders");
        _payments = KafkaFixture.UniqueName("payments");
        _parcels = KafkaFixture.UniqueName("parcels");
        _invoices = KafkaFixture.UniqueName("invoices");
        _group = KafkaFixture.UniqueName("shop");
    }

    [Test]
    public async Task A_service_by_the_manual_works_with_a_broker() => await RunAsync((await KafkaFixture.StartAsync()).BootstrapServers);

    [Test]
    public async Task A_service_by_the_manual_works_with_the_broker_in_memory()
    {
        using var cluster = InMemoryCluster.Start();
        await RunAsync(cluster.BootstrapServers);
    }

    private async Task RunAsync(string server)
    {
        await using var provider = Build(server);
        var notes = provider.GetRequiredService<Notes>();
        var harness = provider.GetTestHarness();
        await harness.Start();

        await harness.GetProducer<string, OrderPlaced>().Produce("o1", new OrderPlaced("o1", 12));
        await harness.GetProducer<string, OrderPlaced>().Produce("o2", new OrderPlaced("o2", 7));
        await harness.GetProducer<string, OrderCanceled>().Produce("o2", new OrderCanceled("o2"));
        (await harness.Consumed.Any<OrderCanceled>()).ShouldBeTrue();
        await harness.GetProducer<string, Payment>().Produce("o1", new Payment("o1"));
        (await harness.Sent.Any<Invoice>(sent => sent.Context.Message is { OrderId: "o1", Total: 12 })).ShouldBeTrue();

        var parcels = harness.GetProducer<string, Parcel>();
        await parcels.Produce("o1", new Parcel("o1", "home"));
        await parcels.Produce("o2", new Parcel("o2", "nowhere"));
        await parcels.Produce("o3", new Parcel("o3", "later"));
        await Eventually.Until(() => notes.Count == 3, TimeSpan.FromSeconds(60), "two parcels are shipped, one of them later, and the third is known as lost");
        notes.Order().ShouldBe(["lost o2: no such address", "shipped o1", "shipped o3"]);

        notes.Clear();
        var connected = provider.GetRequiredService<IKafkaRider>().ConnectTopicEndpoint<string, Parcel>(_parcels, _group + "-report", (context, endpoint) =>
        {
            endpoint.CreateIfMissing();
            endpoint.ConcurrentMessageLimit = 3;
            endpoint.ConfigureConsumer<ReportParcels>(context);
        });
        await connected.Ready;
        await Eventually.Until(() => !notes.IsEmpty, TimeSpan.FromSeconds(60), "the batch is full");
        notes.Single().Split(' ').Order().ShouldBe(["o1", "o2", "o3"]);
        await connected.StopAsync();
        await harness.Stop();
    }

    private ServiceProvider Build(string server) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<Notes>()
        .ConfigureKafkaTestOptions(new ClientConfig { BootstrapServers = server }, options =>
        {
            options.CreateTopicsIfNotExists = true;
            options.TopicNames = [_orders, _payments, _parcels, _invoices];
        })
        .AddMassTransitTestHarness(bus =>
        {
            bus.SetTestTimeouts(testInactivityTimeout: TimeSpan.FromSeconds(20));
            bus.AddRider(rider =>
            {
                rider.AddConsumer<ShipParcel>();
                rider.AddConsumer<LostParcel>();
                rider.AddConsumer<ReportParcels>(consumer => consumer.Options<BatchOptions>(options => options.SetMessageLimit(3).SetTimeLimit(m: 10)));
                rider.AddSagaStateMachine<OrderMachine, OrderState>().InMemoryRepository();
                rider.AddProducer<string, OrderPlaced>(_orders, (_, producer) => NameType<OrderPlaced>(producer));
                rider.AddProducer<string, OrderCanceled>(_orders, (_, producer) => NameType<OrderCanceled>(producer));
                rider.AddProducer<string, Payment>(_payments);
                rider.AddProducer<string, Parcel>(_parcels);
                rider.AddProducer<string, Invoice>(_invoices, message => message.Message.OrderId);
                rider.UsingKafka((context, kafka) =>
                {
                    kafka.TopicEndpoint<string, IOrderEvent>(_orders, _group, endpoint => endpoint.ConfigureSaga<OrderState>(context));
                    kafka.TopicEndpoint<string, Payment>(_payments, _group, endpoint => endpoint.ConfigureSaga<OrderState>(context));
                    kafka.TopicEndpoint<string, Parcel>(_parcels, _group, endpoint =>
                    {
                        endpoint.CreateIfMissing();
                        endpoint.DelayTiers(TimeSpan.FromSeconds(1));
                        endpoint.UseDelayedRedelivery(redelivery =>
                        {
                            redelivery.Handle<TimeoutException>();
                            redelivery.Intervals(TimeSpan.FromSeconds(1));
                        });
                        endpoint.ConfigureConsumer<ShipParcel>(context);
                    });
                    kafka.TopicEndpoint<string, Parcel>(_parcels + ".dlt", _group + "-lost", endpoint =>
                    {
                        endpoint.CreateIfMissing();
                        endpoint.ConfigureConsumer<LostParcel>(context);
                    });
                });
            });
        })
        .BuildServiceProvider(validateScopes: true);

    private static void NameType<T>(IKafkaProducerConfigurator producer)
        where T : class =>
        producer.ConfigureSend(pipe => pipe.UseExecute(context => context.Headers.Set("MT-MessageType", string.Join(';', MessageTypeCache<T>.MessageTypeNames))));

    public interface IOrderEvent
    {
        string OrderId { get; }
    }

    public sealed record OrderPlaced(string OrderId, decimal Total) : IOrderEvent;

    public sealed record OrderCanceled(string OrderId) : IOrderEvent;

    public sealed record Payment(string OrderId);

    public sealed record Parcel(string OrderId, string Address);

    public sealed record Invoice(string OrderId, decimal Total);

    public sealed class Notes : System.Collections.Concurrent.ConcurrentQueue<string>;

    public sealed class OrderState : SagaStateMachineInstance
    {
        public Guid CorrelationId { get; set; }

        public string CurrentState { get; set; } = "";

        public string OrderId { get; set; } = "";

        public decimal Total { get; set; }
    }

    public sealed class OrderMachine : MassTransitStateMachine<OrderState>
    {
        public OrderMachine()
        {
            InstanceState(saga => saga.CurrentState);
            Event(() => Placed, placed => placed.CorrelateBy((saga, context) => saga.OrderId == context.Message.OrderId).SelectId(_ => NewId.NextGuid()));
            Event(() => Canceled, canceled => canceled.CorrelateBy((saga, context) => saga.OrderId == context.Message.OrderId));
            Event(() => Paid, paid => paid.CorrelateBy((saga, context) => saga.OrderId == context.Message.OrderId));
            Initially(When(Placed)
                .Then(context => (context.Saga.OrderId, context.Saga.Total) = (context.Message.OrderId, context.Message.Total))
                .TransitionTo(Waiting));
            During(
                Waiting,
                When(Paid).Produce(context => new Invoice(context.Saga.OrderId, context.Saga.Total)).TransitionTo(Done),
                When(Canceled).TransitionTo(Done));
        }

        public State Waiting { get; set; } = null!;

        public State Done { get; set; } = null!;

        public Event<OrderPlaced> Placed { get; set; } = null!;

        public Event<OrderCanceled> Canceled { get; set; } = null!;

        public Event<Payment> Paid { get; set; } = null!;
    }

    public sealed class ShipParcel(Notes notes) : IConsumer<Parcel>
    {
        public Task Consume(ConsumeContext<Parcel> context)
        {
            if (context.Message.Address == "nowhere")
                throw new InvalidOperationException("no such address");
            if (context.Message.Address == "later" && context.GetRedeliveryCount() == 0)
                throw new TimeoutException("the carrier is busy");
            notes.Enqueue($"shipped {context.GetKey<string>()}");
            return Task.CompletedTask;
        }
    }

    public sealed class LostParcel(Notes notes) : IConsumer<Parcel>
    {
        public Task Consume(ConsumeContext<Parcel> context)
        {
            notes.Enqueue($"lost {context.GetKey<string>()}: {context.Headers.Get<string>("MT-Fault-Message")}");
            return Task.CompletedTask;
        }
    }

    public sealed class ReportParcels(Notes notes) : IConsumer<Batch<Parcel>>
    {
        public Task Consume(ConsumeContext<Batch<Parcel>> context)
        {
            notes.Enqueue(string.Join(' ', context.Message.Select(parcel => parcel.Message.OrderId)));
            return Task.CompletedTask;
        }
    }
}
