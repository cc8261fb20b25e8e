using System.Text.Json;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>Topic endpoints are connected and stopped while the bus runs.</summary>
public class ConnectedEndpointTests : ContractTests
{
    [Test]
    public async Task A_connected_endpoint_consumes_by_a_registered_consumer_redelivers_and_is_healthy()
    {
        await using var host = await StartAsync();
        await host.ProduceAsync("k", new Order("before"));
        var connected = host.Services.GetRequiredService<IKafkaRider>().ConnectTopicEndpoint<string, Order>(Topic, Group, (context, endpoint) =>
        {
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.ConfigureConsumer<FailsOnce>(context);
        });
        (await connected.Ready.WaitAsync(Eventually.DefaultDeadline)).IsStarted.ShouldBeTrue();
        connected.ReceiveEndpoint.InputAddress.ToString().ShouldEndWith($"/kafka/{Group}/{Topic}");

        await Eventually.Until(() => Seen.SequenceEqual(["before 0", "before 1"]), null, "the order is consumed and redelivered");
        Kafka.Records.ReadAll(Topic + ".delay.1s").Count.ShouldBe(1);
        await AllCommittedAsync();
        await IsReadyAsync(host);
        Probe(host).ShouldContain(Group);
    }

    [Test]
    public async Task A_keyless_endpoint_is_connected_in_the_shorter_form_and_takes_what_is_registered_of_the_rider()
    {
        await using var host = await StartAsync();
        var connected = host.Rider.ConnectTopicEndpoint<Order>(Topic, Group, (_, endpoint) => endpoint.Handler<Order>(Note));
        await connected.Ready.WaitAsync(Eventually.DefaultDeadline);
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the order is consumed");
    }

    [Test]
    public async Task One_that_was_stopped_has_committed_is_gone_from_health_and_goes_on_when_it_is_connected_again()
    {
        await using var host = await StartAsync();
        var first = Connect(host);
        await first.Ready.WaitAsync(Eventually.DefaultDeadline);
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.Count == 1, null, "the order is consumed");
        await Task.WhenAll(first.StopAsync(), first.StopAsync());
        Kafka.Records.Lag(Group, Topic).ShouldBe(0);
        await IsReadyAsync(host);
        Probe(host).ShouldNotContain(Group);
        host.Services.GetRequiredService<IBusControl>().CheckHealth().Endpoints.Keys.ShouldNotContain(name => name.Contains(Group));

        await host.ProduceAsync("k", new Order("2"));
        var second = Connect(host);
        await second.Ready.WaitAsync(Eventually.DefaultDeadline);
        await Eventually.Until(() => Seen.SequenceEqual(["1", "2"]), null, "the second goes on where the first has ended");
    }

    [Test]
    public async Task The_bus_takes_it_along_when_it_stops_and_starts_again_and_leaves_those_that_were_stopped()
    {
        await using var host = await StartAsync();
        var stays = Connect(host);
        var goes = host.Rider.ConnectTopicEndpoint<string, Receipt>(Other, Group, (_, endpoint) =>
        {
            endpoint.DeadLetterTopic = Topic + ".dlt";
            endpoint.Handler<Receipt>(_ => Task.CompletedTask);
        });
        await Task.WhenAll(stays.Ready, goes.Ready).WaitAsync(Eventually.DefaultDeadline);
        await host.StopAsync();
        await goes.StopAsync();

        await host.StartAgainAsync();
        await stays.Ready.WaitAsync(Eventually.DefaultDeadline);
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the order is consumed");
        Probe(host).ShouldNotContain(Other);
        await IsReadyAsync(host);
        await stays.StopAsync();
        await host.ProduceAsync("k", new Order("2"));
        await host.StopAsync();
        Seen.ShouldBe(["1"]);
    }

    [Test]
    public async Task One_that_is_connected_while_the_bus_is_stopped_begins_with_its_next_start()
    {
        await using var host = await StartAsync();
        var rider = host.Rider;
        await host.StopAsync();
        var connected = Connect(rider);
        var stoppedBefore = rider.ConnectTopicEndpoint<string, Order>(Topic, Group + "-never", (_, endpoint) => endpoint.Handler<Order>(Note));
        await stoppedBefore.StopAsync();
        stoppedBefore.Ready.IsCanceled.ShouldBeTrue();
        connected.Ready.IsCompleted.ShouldBeFalse();

        await host.StartAgainAsync();
        await connected.Ready.WaitAsync(Eventually.DefaultDeadline);
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the order is consumed");
    }

    [Test]
    public async Task One_whose_topic_is_missing_fails_shows_in_health_and_hinders_no_other()
    {
        await using var host = await StartAsync();
        await Connect(host).Ready.WaitAsync(Eventually.DefaultDeadline);
        var missing = KafkaFixture.UniqueName("missing");
        var connected = host.Rider.ConnectTopicEndpoint<string, Order>(missing, Group, (_, endpoint) => endpoint.Handler<Order>(Note));
        var starting = await host.HealthAsync();
        (starting.Status, starting.Description).ShouldBe((HealthStatus.Degraded, $"{missing} ({Group}): is starting"));

        (await Should.ThrowAsync<KafkaTopicsMissingException>(() => connected.Ready.WaitAsync(Eventually.DefaultDeadline))).Message.ShouldContain($"--create --topic {missing}");
        var failed = await host.HealthAsync();
        failed.Status.ShouldBe(HealthStatus.Unhealthy);
        failed.Description!.ShouldContain($"{missing} ({Group}): did not start: Kafka has no topic {missing}");
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the others go on");

        await connected.StopAsync();
        await IsReadyAsync(host);
    }

    [Test]
    public async Task One_that_is_stopped_while_it_waits_for_its_topics_never_starts()
    {
        await using var host = await StartAsync();
        var missing = KafkaFixture.UniqueName("missing");
        var connected = host.Rider.ConnectTopicEndpoint<string, Order>(missing, Group, (_, endpoint) => endpoint.Handler<Order>(Note));
        await connected.StopAsync();
        connected.Ready.IsCanceled.ShouldBeTrue();
        await IsReadyAsync(host);
    }

    [Test]
    public async Task A_compacted_topic_is_refused_and_forgotten_with_its_endpoint()
    {
        Kafka.Require(KafkaCapability.TopicSettings);
        await using var host = await StartAsync();
        var compacted = await Kafka.CreateTopicAsync(KafkaFixture.UniqueName("compacted"), settings: new Dictionary<string, string> { ["cleanup.policy"] = "compact" });
        await Kafka.CreateTopicAsync(compacted + ".dlt");
        var connected = host.Rider.ConnectTopicEndpoint<string, Order>(compacted, Group, (_, endpoint) => endpoint.Handler<Order>(Note));
        (await Should.ThrowAsync<ConfigurationException>(() => connected.Ready.WaitAsync(Eventually.DefaultDeadline))).Message.ShouldContain($"Topic {compacted} is not used");
        (await host.HealthAsync()).Status.ShouldBe(HealthStatus.Unhealthy);

        await connected.StopAsync();
        await IsReadyAsync(host);
    }

    [Test]
    public async Task What_is_not_configured_well_or_is_there_already_is_refused_and_leaves_nothing_behind()
    {
        await using var host = await StartAsync();
        Should.Throw<ConfigurationException>(() => Connect(host, endpoint => endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)))))
            .Message.ShouldContain("has UseDelayedRedelivery and no delay topics");
        Should.Throw<ConfigurationException>(() => Connect(host, endpoint =>
        {
            endpoint.DelayTopicsOf = Other;
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
        })).Message.ShouldContain($"has DelayTopicsOf {Other}, and no endpoint of that topic");
        await Should.ThrowAsync<ConfigurationException>(() => host.ProduceAsync("k", new Order("later"), context => context.Delay = TimeSpan.FromSeconds(1)));

        await Connect(host).Ready.WaitAsync(Eventually.DefaultDeadline);
        Should.Throw<ConfigurationException>(() => Connect(host)).Message.ShouldBe(
            $"There is an endpoint of topic {Topic} and group {Group} already: stop that one first, or name another group");
    }

    [Test]
    public async Task A_message_can_be_delayed_for_as_long_as_an_endpoint_of_its_topic_has_delay_topics()
    {
        await using var host = await StartAsync();
        Task ProduceLater() => host.ProduceAsync("k", new Order("later"), context => context.Delay = TimeSpan.FromSeconds(1));
        await Should.ThrowAsync<ConfigurationException>(ProduceLater);

        var connected = Connect(host, endpoint => endpoint.DelayTiers(TimeSpan.FromSeconds(1)));
        await connected.Ready.WaitAsync(Eventually.DefaultDeadline);
        await ProduceLater();
        await Eventually.Until(() => Seen.SequenceEqual(["later"]), null, "the order comes later");

        await connected.StopAsync();
        await Should.ThrowAsync<ConfigurationException>(ProduceLater);
    }

    private Task<RiderHost> StartAsync() => RiderHost.StartAsync(
        Kafka.BootstrapServers,
        rider =>
        {
            rider.AddProducer<string, Order>(Topic);
            rider.AddConsumer<FailsOnce>();
        },
        (_, _) => { },
        services => services.AddSingleton(Seen));

    private HostReceiveEndpointHandle Connect(RiderHost host, Action<IKafkaTopicReceiveEndpointConfigurator<string, Order>>? configure = null) => Connect(host.Rider, configure);

    private HostReceiveEndpointHandle Connect(IKafkaRider rider, Action<IKafkaTopicReceiveEndpointConfigurator<string, Order>>? configure = null) =>
        rider.ConnectTopicEndpoint<string, Order>(Topic, Group, (_, endpoint) =>
        {
            configure?.Invoke(endpoint);
            endpoint.Handler<Order>(Note);
        });

    private static string Probe(RiderHost host) => JsonSerializer.Serialize(host.Rider.GetProbeResult().Results);

    private static Task<string?> IsReadyAsync(RiderHost host) =>
        Eventually.Value(async () => (await host.HealthAsync()).Description, health => health == "ready", null, "the rider is healthy");

    public sealed class FailsOnce(System.Collections.Concurrent.ConcurrentQueue<string> seen) : IConsumer<Order>
    {
        public Task Consume(ConsumeContext<Order> context)
        {
            seen.Enqueue($"{context.Message.Text} {context.GetRedeliveryCount()}");
            return context.GetRedeliveryCount() == 0 ? throw new TimeoutException("not yet") : Task.CompletedTask;
        }
    }
}
