using System.Collections.Concurrent;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>MassTransit's test harness and the bus's observers, with the rider.</summary>
public class HarnessTests
{
    private KafkaFixture _kafka = null!;
    private string _topic = null!;
    private string _replies = null!;

    [SetUp]
    public async Task CreateTopics()
    {
        _kafka = await KafkaFixture.StartAsync();
        _topic = KafkaFixture.UniqueName("weather");
        _replies = KafkaFixture.UniqueName("replies");
        foreach (var topic in new[] { _topic, _topic + ".dlt", _replies })
            await _kafka.CreateTopicAsync(topic);
    }

    [Test]
    public async Task The_harness_knows_what_producers_send_and_what_topic_endpoints_consume()
    {
        await using var provider = Build(services => services.AddMassTransitTestHarness(bus =>
        {
            // A group takes its time to assign partitions, and the harness takes silence for the end.
            bus.SetTestTimeouts(testInactivityTimeout: TimeSpan.FromSeconds(20));
            Configure(bus);
        }));
        var harness = provider.GetRequiredService<ITestHarness>();
        await harness.Start();
        await using var scope = provider.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ITopicProducer<string, WeatherReport>>().Produce("north", new WeatherReport { Text = "windy" });

        (await harness.Sent.Any<WeatherReport>(sent => sent.Context.Message.Text == "windy")).ShouldBeTrue();
        (await harness.Consumed.Any<WeatherReport>(consumed => consumed.Context.Message.Text == "windy")).ShouldBeTrue();
        (await harness.Sent.Any<Reply>()).ShouldBeTrue();
        await harness.Stop();
    }

    [Test]
    public async Task A_send_observer_of_the_bus_sees_what_is_sent_to_topics_once_whoever_sends_it()
    {
        var observer = new Sends();
        await using var provider = Build(services =>
        {
            services.AddMassTransit(Configure);
            services.AddSendObserver(_ => observer);
        });
        var bus = provider.GetRequiredService<IBusControl>();
        await bus.StartAsync(new CancellationTokenSource(Eventually.DefaultDeadline).Token);
        try
        {
            await using var scope = provider.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<ITopicProducer<string, WeatherReport>>().Produce("north", new WeatherReport { Text = "windy" });
            await Eventually.Until(() => _kafka.Records.ReadAll(_replies).Count == 1, null, "the consumer has replied");
            await Eventually.Until(() => observer.Seen.Count >= 4, null, "both sends are observed");
        }
        finally
        {
            await bus.StopAsync();
        }

        observer.Seen.ShouldBe(["before WeatherReport", "after WeatherReport", "before Reply", "after Reply"], ignoreOrder: true);
    }

    private static ServiceProvider Build(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        configure(services);
        return services.BuildServiceProvider(validateScopes: true);
    }

    private void Configure(IBusRegistrationConfigurator bus)
    {
        bus.UsingInMemory();
        bus.AddRider(rider =>
        {
            rider.AddConsumer<Replies>();
            rider.AddProducer<string, WeatherReport>(_topic);
            rider.UsingKafka((context, kafka) =>
            {
                kafka.Host(_kafka.BootstrapServers);
                kafka.TopicEndpoint<string, WeatherReport>(_topic, _topic + "-group", endpoint => endpoint.ConfigureConsumer<Replies>(context));
            });
        });
        bus.AddSingleton(new ReplyTopic(_replies));
    }

    public sealed record Reply(string Text);

    public sealed record ReplyTopic(string Name);

    public sealed class Replies(ReplyTopic topic) : IConsumer<WeatherReport>
    {
        public Task Consume(ConsumeContext<WeatherReport> context) => context.Send(new Uri($"topic:{topic.Name}"), new Reply(context.Message.Text));
    }

    private sealed class Sends : ISendObserver
    {
        public ConcurrentQueue<string> Seen { get; } = [];

        public Task PreSend<T>(SendContext<T> context)
            where T : class => NoteAsync<T>("before");

        public Task PostSend<T>(SendContext<T> context)
            where T : class => NoteAsync<T>("after");

        public Task SendFault<T>(SendContext<T> context, Exception exception)
            where T : class => NoteAsync<T>("failed");

        private Task NoteAsync<T>(string when)
        {
            Seen.Enqueue($"{when} {typeof(T).Name}");
            return Task.CompletedTask;
        }
    }
}
