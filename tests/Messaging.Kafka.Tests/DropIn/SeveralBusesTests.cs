using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using MassTransit.DependencyInjection;
using MassTransit.Transports;
using Messaging.Kafka.Tests.Contract;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>Several buses of a process, each with a Kafka rider of its own.</summary>
public class SeveralBusesTests : ContractTests
{
    private readonly ConcurrentQueue<string> _seen = [];
    private List<IHostedService> _hosted = [];
    private ServiceProvider? _services;

    [SetUp]
    public async Task Begin()
    {
        _seen.Clear();
        _hosted = [];
        await Kafka.CreateTopicAsync(Other + ".dlt");
    }

    [TearDown]
    public async Task StopBuses()
    {
        foreach (var hosted in Enumerable.Reverse(_hosted))
            await hosted.StopAsync(new CancellationTokenSource(Eventually.DefaultDeadline).Token);
        if (_services is not null)
            await _services.DisposeAsync();
    }

    [Test]
    public async Task Each_bus_has_its_endpoints_and_its_producers_of_the_same_types()
    {
        var services = await StartAsync(bus => Add(bus, Topic, "first"), bus => Add(bus, Other, "second"));
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ITopicProducer<string, Order>>().Produce("k", new Order("default"));
        await scope.ServiceProvider.GetRequiredService<Bind<IBus, ITopicProducer<string, Order>>>().Value.Produce("k", new Order("bound default"));
        await scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, ITopicProducer<string, Order>>>().Value.Produce("k", new Order("bound second"));
        await scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, ITopicProducerProvider>>().Value
            .GetProducer<string, Order>(new Uri($"topic:{Other}")).Produce("k", new Order("provided"));
        scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, IRawTopicProducer>>().Value
            .ShouldNotBe(scope.ServiceProvider.GetRequiredService<IRawTopicProducer>());

        await Eventually.Until(() => _seen.Count >= 4, null, "each bus has consumed its own");
        _seen.Order().ShouldBe(["first: bound default", "first: default", "second: bound second", "second: provided"]);
        Kafka.Records.ReadAll(Topic).Count.ShouldBe(2);
        Kafka.Records.ReadAll(Other).Count.ShouldBe(2);
    }

    [Test]
    public async Task A_consumer_of_a_buss_rider_publishes_on_that_bus_and_carries_on_the_conversation_by_either_buss_producer()
    {
        var services = await StartAsync(
            bus =>
            {
                Add(bus, Topic, "first");
                bus.AddConsumer<OnFirstBus>();
            },
            bus =>
            {
                bus.AddRider(rider =>
                {
                    rider.AddConsumer<Replies>();
                    rider.AddProducer<string, Order>(Other);
                    rider.UsingKafka((context, kafka) =>
                    {
                        kafka.Host(Kafka.BootstrapServers);
                        kafka.TopicEndpoint<string, Order>(Other, Group, endpoint => endpoint.ConfigureConsumer<Replies>(context));
                    });
                });
                bus.AddConsumer<OnSecondBus>();
            });
        await using var scope = services.CreateAsyncScope();
        var conversation = NewId.NextGuid();
        await scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, ITopicProducer<string, Order>>>().Value
            .Produce("k", new Order("1"), Pipe.Execute<KafkaSendContext<string, Order>>(context => context.ConversationId = conversation));

        await Eventually.Until(() => _seen.Count >= 2, null, "what the consumer has published and produced is consumed");
        _seen.Order().ShouldBe(["first: copy of 1", "second bus: 1"]);
        Kafka.Records.ReadAll(Topic).ShouldHaveSingleItem().Header("ConversationId").ShouldBe(conversation.ToString());
    }

    [Test]
    public async Task Health_knows_each_bus_by_its_name_and_endpoints_are_connected_to_each()
    {
        var services = await StartAsync(bus => Add(bus, Topic, "first"), bus => Add(bus, Other, "second"));
        (await HealthAsync(services)).ShouldBe(["kafka: ready", "kafka-second-bus: ready"]);

        var connected = services.GetRequiredService<Bind<ISecondBus, IKafkaRider>>().Value.ConnectTopicEndpoint<Order>(
            Topic, Group + "-connected", (_, endpoint) => endpoint.Handler<Order>(context => Note("connected", context.Message.Text)));
        await connected.Ready.WaitAsync(Eventually.DefaultDeadline);
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ITopicProducer<string, Order>>().Produce("k", new Order("1"));
        await Eventually.Until(() => _seen.Order().SequenceEqual(["connected: 1", "first: 1"]), null, "both groups have it");

        await services.GetRequiredService<IBusInstance<ISecondBus>>().BusControl.StopAsync();
        var health = await HealthAsync(services);
        health[0].ShouldBe("kafka: ready");
        health[1].ShouldStartWith("kafka-second-bus: ");
        health[1].ShouldContain("is stopped");
    }

    [Test]
    public async Task Where_no_default_bus_is_the_producers_of_the_others_are_injected_by_themselves()
    {
        var services = await StartAsync(null, bus => bus.AddRider((IRiderRegistrationConfigurator<ISecondBus> rider) =>
        {
            rider.AddProducer<string, Order>(Other, static context => context.Message.Text);
            rider.UsingKafka(new ClientConfig { ClientId = "second" }, (_, kafka) =>
            {
                kafka.Host(Kafka.BootstrapServers);
                kafka.TopicEndpoint<Order>(Other, Group, endpoint => endpoint.Handler<Order>(context => Note("second", context.Message.Text)));
            });
        }));
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ITopicProducer<Order>>().Produce(new Order("1"));
        await Eventually.Until(() => _seen.SequenceEqual(["second: 1"]), null, "the order is consumed");
        (await HealthAsync(services)).ShouldBe(["kafka-second-bus: ready"]);
    }

    private static async Task<List<string>> HealthAsync(IServiceProvider services) =>
    [
        .. (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains("kafka"))).Entries
            .OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}: {entry.Value.Description}"),
    ];

    /// <summary>The process with its buses, started as a host starts it.</summary>
    private async Task<ServiceProvider> StartAsync(Action<IBusRegistrationConfigurator>? first, Action<IBusRegistrationConfigurator<ISecondBus>> second)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(_seen);
        services.AddOptions<MassTransitHostOptions>().Configure(options => options.WaitUntilStarted = true);
        if (first is not null)
        {
            services.AddMassTransit(bus =>
            {
                bus.UsingInMemory((context, inMemory) => inMemory.ConfigureEndpoints(context));
                first(bus);
            });
        }

        services.AddMassTransit<ISecondBus>(bus =>
        {
            bus.UsingInMemory((context, inMemory) => inMemory.ConfigureEndpoints(context));
            second(bus);
        });
        _services = services.BuildServiceProvider(validateScopes: true);
        _hosted = [.. _services.GetServices<IHostedService>()];
        foreach (var hosted in _hosted)
            await hosted.StartAsync(new CancellationTokenSource(Eventually.DefaultDeadline).Token);
        return _services;
    }

    private void Add(IBusRegistrationConfigurator bus, string topic, string name) => bus.AddRider(rider =>
    {
        rider.AddProducer<string, Order>(topic);
        rider.UsingKafka((_, kafka) =>
        {
            kafka.Host(Kafka.BootstrapServers);
            kafka.TopicEndpoint<string, Order>(topic, Group + name, endpoint => endpoint.Handler<Order>(context => Note(name, context.Message.Text)));
        });
    });

    private Task Note(string where, string text)
    {
        _seen.Enqueue($"{where}: {text}");
        return Task.CompletedTask;
    }

    public interface ISecondBus : IBus;

    public sealed class OnFirstBus(ConcurrentQueue<string> seen) : IConsumer<Receipt>
    {
        public Task Consume(ConsumeContext<Receipt> context)
        {
            seen.Enqueue("first bus: " + context.Message.Text);
            return Task.CompletedTask;
        }
    }

    public sealed class OnSecondBus(ConcurrentQueue<string> seen) : IConsumer<Receipt>
    {
        public Task Consume(ConsumeContext<Receipt> context)
        {
            seen.Enqueue("second bus: " + context.Message.Text);
            return Task.CompletedTask;
        }
    }

    public sealed class Replies(Bind<IBus, ITopicProducer<string, Order>> first) : IConsumer<Order>
    {
        public async Task Consume(ConsumeContext<Order> context)
        {
            await context.Publish(new Receipt(context.Message.Text));
            await first.Value.Produce("k", new Order("copy of " + context.Message.Text));
        }
    }
}
