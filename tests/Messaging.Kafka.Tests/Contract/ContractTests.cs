using System.Collections.Concurrent;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>An order, for the contract tests.</summary>
public sealed record Order(string Text);

/// <summary>What an order leads to.</summary>
public sealed record Receipt(string Text);

/// <summary>Topics, a group and a host for tests of one part of MassTransit on the rider.</summary>
public abstract class ContractTests
{
    protected KafkaFixture Kafka { get; private set; } = null!;

    protected string Topic { get; set; } = null!;

    protected string Other { get; private set; } = null!;

    protected string Group { get; private set; } = null!;

    /// <summary>What the test's consumers have noted.</summary>
    protected ConcurrentQueue<string> Seen { get; private set; } = null!;

    /// <summary>The settings of the test's topics, where they are not the broker's.</summary>
    protected virtual IReadOnlyDictionary<string, string>? TopicSettings => null;

    [SetUp]
    public async Task CreateTopics()
    {
        Kafka = await KafkaFixture.StartAsync();
        Topic = KafkaFixture.UniqueName("orders");
        Other = KafkaFixture.UniqueName("receipts");
        Group = KafkaFixture.UniqueName("orders-group");
        Seen = [];
        await Task.WhenAll(new[] { Topic, Topic + ".dlt", Topic + ".delay.1s", Other }.Select(topic => Kafka.CreateTopicAsync(topic, settings: TopicSettings)));
    }

    /// <summary>A host with producers of both topics and one endpoint, which has a delay topic of a second.</summary>
    protected Task<RiderHost> StartAsync(
        Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<string, Order>> endpoint,
        Action<IRiderRegistrationConfigurator>? register = null, Action<IKafkaFactoryConfigurator>? kafka = null,
        Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? services = null, Action<IBusRegistrationConfigurator>? bus = null) =>
        RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider =>
            {
                rider.AddProducer<string, Order>(Topic);
                rider.AddProducer<string, Receipt>(Other);
                register?.Invoke(rider);
            },
            (context, configurator) =>
            {
                kafka?.Invoke(configurator);
                configurator.TopicEndpoint<string, Order>(Topic, Group, e =>
                {
                    e.CheckpointInterval = TimeSpan.FromMilliseconds(100);
                    e.DelayTiers(TimeSpan.FromSeconds(1));
                    endpoint(context, e);
                });
            },
            services, bus);

    /// <summary>Notes the order's text.</summary>
    protected Task Note(ConsumeContext<Order> context)
    {
        Seen.Enqueue(context.Message.Text);
        return Task.CompletedTask;
    }

    /// <summary>Waits until the group has committed all of the topic.</summary>
    protected Task AllCommittedAsync() => Eventually.Until(() => Kafka.Records.Lag(Group, Topic) == 0, null, "all offsets are committed");
}
