using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>What ends a consumer, and how it ends.</summary>
public class ConsumerLifeTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, byte> _handled = [];
    private Recoveries _recoveries = null!;
    private KafkaFixture _kafka = null!;
    private KafkaProxy _proxy = null!;
    private string _topic = null!;
    private string _group = null!;

    [SetUp]
    public async Task Start()
    {
        _handled.Clear();
        _recoveries = new Recoveries();
        _kafka = await KafkaFixture.StartAsync();
        _proxy = KafkaProxy.Start(_kafka.BootstrapServers);
        (_topic, _group) = (await _kafka.CreateTopicAsync(KafkaFixture.UniqueName("life")), KafkaFixture.UniqueName("life-group"));
        await _kafka.CreateTopicAsync(_topic + ".dlt");
    }

    [TearDown]
    public async Task Stop()
    {
        await _proxy.DisposeAsync();
        _recoveries.Dispose();
    }

    [Test]
    public async Task An_exception_on_the_poll_thread_ends_a_client_and_not_the_consumer()
    {
        await using var host = await RiderHost.StartAsync(_proxy.BootstrapServers, _ => { }, (_, _) => { }, _recoveries.Register);
        var handler = new Handler(record => _handled.TryAdd(record, 0));
        // What counts the records that were read is the application's, and runs on the poll thread.
        using var listener = new MeterListener();
        var thrown = 0;
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "messaging.client.consumed.messages" && ReferenceEquals(instrument.Meter.Scope, _recoveries))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            if (Interlocked.Exchange(ref thrown, 1) == 0)
                throw new InvalidOperationException("a defect");
        });
        listener.Start();
        var settings = ConsumerSettings.Of(_topic, ConsumerSettings.WithDefaults(new ConsumerConfig { GroupId = _group }));
        using var loop = new ConsumerLoop(settings, handler, ((KafkaRider)host.Rider).Host, NullLogger.Instance);
        loop.Start();
        await loop.Ready.WaitAsync(Within);

        await _kafka.Records.ProduceAsync(_topic, "k", "first");

        await Eventually.Until(() => _handled.ContainsKey("first"), Within, "another client has read the record");
        _recoveries.Replaced("consumer").ShouldBe(1);
        await Eventually.Until(() => loop.Error is null, Within, "the loop is well again");
        await loop.Stop(CancellationToken.None).WaitAsync(Within);
    }

    [Test]
    public async Task A_callback_on_the_cancellation_token_that_throws_or_is_slow_ends_nobody()
    {
        using var slow = new ManualResetEventSlim();
        var (held, called, holding) = (0, 0, true);
        Task<RiderHost> StartAsync() => StartConsumerAsync(async context =>
        {
            if (Volatile.Read(ref holding))
            {
                context.CancellationToken.Register(() =>
                {
                    Interlocked.Increment(ref called);
                    slow.Wait(Within);
                    throw new InvalidOperationException("a callback of the application");
                });
                Interlocked.Increment(ref held);
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }

            _handled.TryAdd(context.Message.Text, 0);
        }, reviveAfter: Within);

        await using var first = await StartAsync();
        foreach (var number in Enumerable.Range(0, 20))
            await _kafka.Records.ProduceAsync(_topic, $"k{number}", $$"""{"text":"{{number}}"}""");
        await Eventually.Until(() => held == 20, Within, "a handler holds each record");
        await using var second = await StartAsync();

        await Eventually.Until(() => called > 0, Within, "handlers are canceled, as their partitions move");
        Volatile.Write(ref holding, false);
        slow.Set();
        await _kafka.Records.ProduceAsync(_topic, "k", """{"text":"after"}""");
        await Eventually.Until(() => _handled.ContainsKey("after"), Within, "the consumers read on");
        _recoveries.Replaced("consumer").ShouldBe(0);
        await Eventually.Until(async () => (await first.HealthAsync()).Status != HealthStatus.Unhealthy, Within, "the first host is well");
    }

    [Test]
    public async Task A_commit_that_does_not_come_back_is_seen_and_waited_for_when_the_consumer_ends()
    {
        var host = await StartConsumerAsync(context =>
        {
            _handled.TryAdd(context.Message.Text, 0);
            return Task.CompletedTask;
        });
        _proxy.Hold(KafkaApi.OffsetCommit);
        await _kafka.Records.ProduceAsync(_topic, "k", """{"text":"one"}""");

        await Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains("a commit of offsets has not come back", StringComparison.Ordinal), Within, "health tells of the commit");
        var stopping = host.StopAsync();
        _proxy.Release(KafkaApi.OffsetCommit);
        await stopping.WaitAsync(Within);
        await host.DisposeAsync();
        _kafka.Records.Lag(_group, _topic).ShouldBe(0);
    }

    [Test]
    public async Task A_group_that_the_brokers_deny_is_named_by_health_and_heals_once_it_is_granted()
    {
        _proxy.DenyGroups = true;
        await using var host = await StartConsumerAsync(context =>
        {
            _handled.TryAdd(context.Message.Text, 0);
            return Task.CompletedTask;
        }, awaitReady: false);

        await Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains($"READ on group {_group} is refused", StringComparison.Ordinal), Within, "health names the group");
        await _kafka.Records.ProduceAsync(_topic, "k", """{"text":"granted"}""");
        await Eventually.Until(() => _recoveries.Lag == 1, Within, "the lag is known, though nobody has the partition");
        _proxy.DenyGroups = false;

        await Eventually.Until(() => _handled.ContainsKey("granted"), Within, "the consumer reads");
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "health is well");
    }

    [Test]
    public async Task A_stop_does_not_wait_for_a_start_that_cannot_end()
    {
        _proxy.Hold(KafkaApi.JoinGroup);
        var host = await StartConsumerAsync(_ => Task.CompletedTask, awaitReady: false);
        await Eventually.Until(() => _proxy.Answered(KafkaApi.FindCoordinator) > 0, Within, "the consumer is about to join");
        await host.DisposeAsync().AsTask().WaitAsync(Within);
    }

    [Test]
    public async Task A_token_handler_that_throws_does_not_end_the_client_and_is_asked_again()
    {
        var asked = 0;
        var clients = new KafkaClientFactory(
            new ClientConfig { BootstrapServers = "127.0.0.1:1", SecurityProtocol = SecurityProtocol.SaslPlaintext, SaslMechanism = SaslMechanism.OAuthBearer },
            (_, _) => throw new InvalidOperationException($"no token, for the {Interlocked.Increment(ref asked)}. time"),
            NullLogger.Instance);
        using var consumer = clients.CreateConsumerBuilder(ConsumerSettings.WithDefaults(new ConsumerConfig { GroupId = _group })).Build();
        consumer.Subscribe(_topic);
        await Eventually.Until(
            () =>
            {
                consumer.Consume(TimeSpan.FromMilliseconds(100));
                return asked >= 2;
            },
            Within,
            "the handler is asked again");
    }

    private Task<RiderHost> StartConsumerAsync(MessageHandler<Note> handler, bool awaitReady = true, TimeSpan? reviveAfter = null) => RiderHost.StartAsync(
        _proxy.BootstrapServers,
        _ => { },
        (_, kafka) =>
        {
            kafka.ReviveAfter = reviveAfter ?? TimeSpan.FromSeconds(5);
            kafka.TopicEndpoint<string, Note>(_topic, _group, endpoint =>
            {
                endpoint.ConcurrentMessageLimit = 20;
                endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
                endpoint.DrainTimeout = TimeSpan.FromSeconds(1);
                endpoint.StopTimeout = TimeSpan.FromSeconds(1);
                endpoint.Handler(handler);
            });
        },
        services =>
        {
            _recoveries.Register(services);
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug));
        },
        awaitReady: awaitReady);

    /// <summary>Throws on the poll thread, at the first record.</summary>
    private sealed class Handler(Action<string> handled) : IRecordHandler
    {
        public int? OrderingKey(Delivery delivery) => null;

        public DateTimeOffset? NotBefore(Delivery delivery) => null;

        public Task Handle(Delivery delivery)
        {
            handled(System.Text.Encoding.UTF8.GetString(delivery.Result.Message.Value!));
            return Task.CompletedTask;
        }
    }
}
