using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>
/// A stopping broker's last Metadata names no brokers, and librdkafka 2.16.0 may then do nothing any more, without an error
/// (https://github.com/confluentinc/librdkafka/issues/5301): the rider notices, and heals it. So does it with clients that are dead otherwise.
/// </summary>
public class DeadClientTests
{
    private const string Victim = "victim";

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    /// <summary>How long a client is watched that must not come back by itself: several times what a healthy one takes.</summary>
    private static readonly TimeSpan Dead = TimeSpan.FromSeconds(5);

    /// <summary>How long a client that does nothing is borne with: more than a revived one takes to work again on a busy machine.</summary>
    private static readonly TimeSpan ReviveAfter = TimeSpan.FromSeconds(10);

    /// <summary>How long the parsing of a response is slowed.</summary>
    private static readonly TimeSpan Parsing = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, byte> _handled = [];
    private volatile bool _slow;
    private Recoveries _recoveries = null!;
    private KafkaFixture _kafka = null!;
    private KafkaProxy _proxy = null!;
    private string _topic = null!;

    [SetUp]
    public async Task Start()
    {
        _handled.Clear();
        _recoveries = new Recoveries();
        _kafka = await KafkaFixture.StartAsync();
        _proxy = KafkaProxy.Start(_kafka.BootstrapServers);
        _topic = await _kafka.CreateTopicAsync(KafkaFixture.UniqueName("dead-client"));
        await _kafka.CreateTopicAsync(_topic + ".dlt");
    }

    [TearDown]
    public async Task Stop()
    {
        await _proxy.DisposeAsync();
        _recoveries.Dispose();
    }

    [Test]
    public async Task A_client_that_lost_its_brokers_is_dead_until_they_are_added_again()
    {
        using var client = new AdminClientBuilder(new AdminClientConfig
        {
            BootstrapServers = _proxy.BootstrapServers,
            Debug = "metadata",
        }).SetLogHandler((_, message) => SlowWhereMetadata(message.Message)).Build();
        client.GetMetadata(_topic, Within).Brokers.ShouldHaveSingleItem();

        await Eventually.Until(
            async () =>
            {
                var lost = LoseBrokersOnceAsync(null);
                client.GetMetadata(_topic, Within).Brokers.ShouldBeEmpty();
                await lost;
                Should.Throw<KafkaException>(() => client.GetMetadata(_topic, Dead));
                return true;
            },
            Within,
            "the client is dead");
        _kafka.Records.EndOffsets(_topic).ShouldNotBeEmpty("Kafka answers whoever asks anew");
        client.AddBrokers(_proxy.BootstrapServers);
        client.GetMetadata(_topic, Within).Brokers.ShouldHaveSingleItem();
    }

    [Test]
    public async Task A_consumer_that_lost_its_brokers_is_given_them_again()
    {
        // It must not be replaced, however slowly it works again.
        await using var host = await StartConsumerAsync(reviveAfter: ReviveAfter * 2);
        await HandlesAsync("before");

        await LosesBrokersAsync(() => Eventually.Until(() => _recoveries.BrokersAdded("consumer") > 0, TimeSpan.FromSeconds(90), "the consumer is given its brokers again"));
        await HandlesAsync("after");
        _recoveries.Replaced("consumer").ShouldBe(0, "that was enough");
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "health is well again");
    }

    [Test]
    public async Task A_consumer_that_cannot_be_revived_is_replaced_and_health_says_so_meanwhile()
    {
        await using var host = await StartConsumerAsync();
        await HandlesAsync("before");

        _proxy.Freeze(Victim);
        await Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains("is not a member of group", StringComparison.Ordinal), Within, "health tells that the consumer is out of its group");
        await Eventually.Until(() => _recoveries.Replaced("consumer") > 0, Within, "the consumer is replaced");
        _recoveries.BrokersAdded("consumer").ShouldBeGreaterThan(0, "first it was given its brokers again");
        _proxy.Thaw();

        await HandlesAsync("after");
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "health is well again");
    }

    [Test]
    public async Task A_producer_that_lost_its_brokers_is_given_them_again()
    {
        await using var host = await StartProducerAsync();
        await host.AcknowledgesAsync("before");

        await LosesBrokersAsync(async () =>
        {
            await host.AcknowledgesAsync("after");
            _recoveries.BrokersAdded("producer").ShouldBeGreaterThan(0);
        });
        _recoveries.Replaced("producer").ShouldBe(0, "that was enough");
    }

    [Test]
    public async Task A_producer_that_cannot_be_revived_is_replaced()
    {
        await using var host = await StartProducerAsync();
        await host.AcknowledgesAsync("before");

        _proxy.Freeze(Victim);
        await Eventually.Until(async () =>
        {
            await Should.ThrowAsync<KafkaProduceException>(() => host.ProduceAsync("k", new Note("meanwhile")));
            return _recoveries.Replaced("producer") > 0;
        }, Within, "the producer is replaced");
        _proxy.Thaw();

        await host.AcknowledgesAsync("after");
    }

    [Test]
    public async Task Whether_Kafka_answers_is_not_asked_by_one_client_alone()
    {
        await using var host = await RiderHost.StartAsync(
            _proxy.BootstrapServers, _ => { },
            (_, kafka) =>
            {
                kafka.ClientId = Victim;
                kafka.Debug = "metadata";
            },
            Services);
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "the cluster has answered");

        await LosesBrokersAsync(() => Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains("out of reach", StringComparison.Ordinal), TimeSpan.FromSeconds(15), "the monitor's client gets no answer"));

        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "another client gets one");
        _recoveries.Replaced("admin").ShouldBeGreaterThan(0);
    }

    [Test]
    public async Task A_host_whose_clients_all_lose_their_brokers_works_on_once_they_are_back()
    {
        await using var host = await StartConsumerAsync(rider => rider.AddProducer<string, Note>(_topic, new ProducerConfig { ClientId = Victim, MessageTimeoutMs = 1_000 }));
        await host.AcknowledgesAsync("before");
        await Eventually.Until(() => _handled.ContainsKey("before"), Within, "the host works");

        for (var round = 0; round < Chaos.Rounds; round++)
        {
            _slow = true;
            _proxy.BeginStop(_topic);
            await Eventually.Until(
                async () => (await host.HealthAsync()).Description!.Contains("out of reach", StringComparison.Ordinal), Within, "health tells that Kafka is away");
            _proxy.Refuse();
            _slow = false;
            _proxy.Restart();
            _proxy.Accept();

            await host.AcknowledgesAsync($"after {round}");
            await Eventually.Until(() => _handled.ContainsKey($"after {round}"), Within, "the record is handled");
            await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "health is well again");
        }
    }

    private void Services(IServiceCollection services)
    {
        _recoveries.Register(services);
        services.AddLogging(logging => logging.AddProvider(new SlowLog(SlowWhereMetadata)).SetMinimumLevel(LogLevel.Debug));
    }

    private Task<RiderHost> StartConsumerAsync(Action<IRiderRegistrationConfigurator>? register = null, TimeSpan? reviveAfter = null) => RiderHost.StartAsync(
        _proxy.BootstrapServers,
        register ?? (_ => { }),
        (_, kafka) =>
        {
            kafka.Debug = "metadata";
            kafka.ReviveAfter = reviveAfter ?? ReviveAfter;
            kafka.TopicMetadataRefreshInterval = TimeSpan.FromSeconds(1);
            var config = new ConsumerConfig { GroupId = KafkaFixture.UniqueName("dead-group"), ClientId = Victim };
            kafka.TopicEndpoint<string, Note>(_topic, config, endpoint =>
            {
                endpoint.SessionTimeout = TimeSpan.FromSeconds(6);
                endpoint.HeartbeatInterval = TimeSpan.FromSeconds(1);
                endpoint.Handler<Note>(context =>
                {
                    _handled.TryAdd(context.Message.Text, 0);
                    return Task.CompletedTask;
                });
            });
        },
        Services);

    private Task<RiderHost> StartProducerAsync() => RiderHost.StartAsync(
        _proxy.BootstrapServers,
        rider => rider.AddProducer<string, Note>(_topic, new ProducerConfig { ClientId = Victim, MessageTimeoutMs = 1_000 }),
        (_, kafka) =>
        {
            kafka.Debug = "metadata";
            kafka.ReviveAfter = ReviveAfter;
            kafka.TopicMetadataRefreshInterval = TimeSpan.FromSeconds(1);
        },
        Services);

    private async Task HandlesAsync(string text)
    {
        await _kafka.Records.ProduceAsync(_topic, "k", $$"""{"text":"{{text}}"}""");
        await Eventually.Until(() => _handled.ContainsKey(text), Within, $"the record '{text}' is handled");
    }

    /// <summary>Whether losing its brokers is a client's end depends on which of its threads is first: it loses them until it is.</summary>
    private Task LosesBrokersAsync(Func<Task> revived) => Eventually.Until(
        async () =>
        {
            await LoseBrokersOnceAsync(Victim);
            await revived();
            return true;
        },
        TimeSpan.FromMinutes(5),
        "a client that is dead is revived");

    private async Task LoseBrokersOnceAsync(string? clientId)
    {
        _slow = true;
        try
        {
            await _proxy.LoseBrokersAsync(_topic, clientId).WaitAsync(Within);
            await Task.Delay(Parsing);
        }
        finally
        {
            _slow = false;
        }
    }

    /// <summary>Slows librdkafka's main thread while a response is parsed, so that it knows of the connection's end before that is over.</summary>
    private void SlowWhereMetadata(string message)
    {
        if (_slow && message.Contains("===== Received metadata", StringComparison.Ordinal))
            Thread.Sleep(Parsing);
    }

    /// <summary>The rider's log handlers call it on the threads of librdkafka that have something to log.</summary>
    private sealed class SlowLog(Action<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Debug && formatter(state, exception) is var line && line.StartsWith(Victim, StringComparison.Ordinal))
                log(line);
        }

        public void Dispose()
        {
        }
    }
}
