using System.Collections.Concurrent;
using Confluent.Kafka;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>A message as a program has it that knows MassTransit's Kafka rider.</summary>
public record WeatherReport
{
    public string Text { get; init; } = "";
}

/// <summary>
/// Programs in the shape in which the documentation of MassTransit's Kafka rider has them, with `using MassTransit` alone where it has
/// that: they compile and do what they say.
/// </summary>
public class TutorialTests
{
    private KafkaFixture _kafka = null!;
    private string _topic = null!;
    private string _group = null!;

    [SetUp]
    public async Task CreateTopics()
    {
        _kafka = await KafkaFixture.StartAsync();
        _topic = KafkaFixture.UniqueName("weather");
        _group = KafkaFixture.UniqueName("weather-group");
        await _kafka.CreateTopicAsync(_topic);
        await _kafka.CreateTopicAsync(_topic + ".dlt");
    }

    [Test]
    public async Task A_consumer_consumes_what_a_producer_of_initialized_messages_produces()
    {
        var seen = new Seen();
        var services = new ServiceCollection();
        services.AddSingleton(seen);
        services.AddMassTransit(x =>
        {
            x.UsingInMemory();

            x.AddRider(rider =>
            {
                rider.AddConsumer<WeatherReportConsumer>();
                rider.AddProducer<WeatherReport>(_topic);

                rider.UsingKafka((context, k) =>
                {
                    k.Host(_kafka.BootstrapServers);

                    k.TopicEndpoint<WeatherReport>(_topic, _group, e =>
                    {
                        e.ConfigureConsumer<WeatherReportConsumer>(context);
                    });
                });
            });
        });

        await RunAsync(services, async provider =>
        {
            var producer = provider.GetRequiredService<ITopicProducer<WeatherReport>>();
            await producer.Produce(new { Text = "sunny" });
            await Eventually.Until(() => seen.Texts.Contains("sunny"), null, "the report is consumed");
        });
    }

    [Test]
    public async Task A_producer_is_found_by_the_topics_address_at_run_time()
    {
        var services = new ServiceCollection();
        services.AddMassTransit(x =>
        {
            x.UsingInMemory();
            x.AddRider(rider => rider.UsingKafka((_, k) => k.Host(_kafka.BootstrapServers)));
        });

        await RunAsync(services, async provider =>
        {
            var producers = provider.GetRequiredService<ITopicProducerProvider>();
            var plain = producers.GetProducer<WeatherReport>(new Uri($"topic:{_topic}"));
            await plain.Produce(new { Text = "none" });
            var keyed = producers.GetProducer<string, WeatherReport>(new Uri($"topic:{_topic}"));
            await keyed.Produce("north", new WeatherReport { Text = "keyed" });
            var resolving = producers.GetProducer<string, WeatherReport>(new Uri($"topic:{_topic}"), report => report.Message.Text);
            await resolving.Produce(new WeatherReport { Text = "resolved" });

            Should.Throw<ArgumentException>(() => producers.GetProducer<WeatherReport>(new Uri("queue:elsewhere"))).Message.ShouldContain("topic:name");
        });

        _kafka.Records.ReadAll(_topic).Select(record => (record.KeyText, record.ValueText)).ShouldBe(
            [(null, """{"text":"none"}"""), ("north", """{"text":"keyed"}"""), ("resolved", """{"text":"resolved"}""")], ignoreOrder: true);
    }

    [Test]
    public async Task A_value_serializer_for_one_record_writes_a_tombstone()
    {
        var services = new ServiceCollection();
        services.AddMassTransit(x =>
        {
            x.UsingInMemory();
            x.AddRider(rider =>
            {
                rider.AddProducer<string, WeatherReport>(_topic);
                rider.UsingKafka((_, k) => k.Host(_kafka.BootstrapServers));
            });
        });

        await RunAsync(services, provider => provider.GetRequiredService<ITopicProducer<string, WeatherReport>>().Produce(
            "gone", new { }, Pipe.Execute<KafkaSendContext<string, WeatherReport>>(context => context.ValueSerializer = new NoBytes<WeatherReport>())));

        var record = _kafka.Records.ReadAll(_topic).Single();
        (record.KeyText, record.Value).ShouldBe(("gone", null));
    }

    [Test]
    public async Task Every_way_to_produce_with_a_key_works()
    {
        var services = new ServiceCollection();
        services.AddMassTransit(x =>
        {
            x.UsingInMemory();
            x.AddRider(rider =>
            {
                rider.AddProducer<string, WeatherReport>(_topic, report => report.Message.Text[..1], (_, producer) => producer.Linger = TimeSpan.FromMilliseconds(1));
                rider.UsingKafka((_, k) => k.Host(_kafka.BootstrapServers));
            });
        });

        await RunAsync(services, async provider =>
        {
            var keyed = provider.GetRequiredService<ITopicProducer<string, WeatherReport>>();
            var header = Pipe.Execute<KafkaSendContext<string, WeatherReport>>(context => context.Headers.Set("X-Tag", "blue"));
            await keyed.Produce("k1", new WeatherReport { Text = "message" });
            await keyed.Produce("k2", new WeatherReport { Text = "message, pipe" }, header);
            await keyed.Produce("k3", new { Text = "values" });
            await keyed.Produce("k4", new { Text = "values, pipe" }, header);

            var resolved = provider.GetRequiredService<ITopicProducer<WeatherReport>>();
            var third = Pipe.Execute<KafkaSendContext<WeatherReport>>(context => context.Partition = new Partition(3));
            await resolved.Produce(new WeatherReport { Text = "a" });
            await resolved.Produce(new WeatherReport { Text = "b" }, third);
            await resolved.Produce(new { Text = "c" });
            await resolved.Produce(new { Text = "d" }, third);
        });

        var records = _kafka.Records.ReadAll(_topic).ToDictionary(record => record.KeyText!);
        records.Keys.Order().ShouldBe(["a", "b", "c", "d", "k1", "k2", "k3", "k4"]);
        records["k4"].ValueText.ShouldBe("""{"text":"values, pipe"}""");
        records.Values.Where(record => record.Header("X-Tag") == "blue").Select(record => record.KeyText).Order().ShouldBe(["k2", "k4"]);
        (records["b"].Partition, records["d"].Partition).ShouldBe((3, 3));
    }

    [Test]
    public async Task The_settings_of_client_consumer_and_producer_are_taken_where_they_always_were()
    {
        _kafka.Require(KafkaCapability.TopicAdministration);
        var created = KafkaFixture.UniqueName("created");
        var seen = new Seen();
        var services = new ServiceCollection();
        services.AddSingleton(seen);
        services.AddMassTransit(x =>
        {
            x.UsingInMemory();
            x.AddRider(rider =>
            {
                rider.AddConsumer<WeatherReportConsumer>();
                rider.AddProducer<string, WeatherReport>(created, new ProducerConfig { CompressionType = CompressionType.Gzip }, (_, producer) =>
                {
                    producer.Linger = TimeSpan.FromMilliseconds(1);
                    producer.MessageTimeout = TimeSpan.FromSeconds(50);
                    producer.RequestTimeout = TimeSpan.FromSeconds(40);
                    producer.BatchNumMessages = 100;
                    producer.QueueBufferingMaxMessages = 1_000;
                    producer.Partitioner = Confluent.Kafka.Partitioner.Murmur2Random;
                    producer.SetKeySerializer(Serializers.Utf8);
                    producer.CreateIfMissing(topic => topic.NumPartitions = 2);
                });

                rider.UsingKafka(new ClientConfig { ClientId = "drop-in" }, (context, k) =>
                {
                    k.Host([_kafka.BootstrapServers]);
                    k.Acks = Acks.All;
                    k.ClientId = "drop-in";
                    k.MessageMaxBytes = 900_000;
                    k.ReconnectBackoff = TimeSpan.FromMilliseconds(50);
                    k.ReconnectBackoffMax = TimeSpan.FromSeconds(1);
                    k.ConfigureSocket(socket => socket.KeepaliveEnable = true);

                    k.TopicEndpoint<string, WeatherReport>(created, new ConsumerConfig { GroupId = _group, AutoOffsetReset = AutoOffsetReset.Earliest }, e =>
                    {
                        e.CheckpointInterval = TimeSpan.FromSeconds(10);
                        e.CheckpointMessageCount = 100;
                        e.MessageLimit = 1_000;
                        e.ConcurrentMessageLimit = 4;
                        e.PrefetchCount = 100;
                        e.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
                        e.SessionTimeout = TimeSpan.FromSeconds(20);
                        e.HeartbeatInterval = TimeSpan.FromSeconds(2);
                        e.MaxPollInterval = TimeSpan.FromMinutes(2);
                        e.GroupInstanceId = "one";
                        e.QueuedMinMessages = 1_000;
                        e.CheckCrcs = true;
                        e.ConfigureFetch(fetch => fetch.WaitMaxInterval = TimeSpan.FromMilliseconds(50));
                        e.UseIsolationLevel(IsolationLevel.ReadCommitted);
                        e.SetKeyDeserializer(Deserializers.Utf8);
                        // They compile, and have no effect.
#pragma warning disable CS0618
                        e.ConcurrentConsumerLimit = 2;
                        e.ConcurrentDeliveryLimit = 2;
                        e.EnableAutoOffsetStore = false;
                        e.EnablePartitionEof = true;
#pragma warning restore CS0618
                        e.CreateIfMissing(topic =>
                        {
                            topic.NumPartitions = 2;
                            topic.ReplicationFactor = 1;
                        });
                        e.ConfigureConsumer<WeatherReportConsumer>(context);
                    });
                });
            });
        });

        await RunAsync(services, async provider =>
        {
            await provider.GetRequiredService<ITopicProducer<string, WeatherReport>>().Produce("north", new WeatherReport { Text = "windy" });
            await Eventually.Until(() => seen.Texts.Contains("windy"), null, "the report is consumed");
        });

        seen.Keys.ShouldBe(["north"]);
        _kafka.Records.EndOffsets(created).Count.ShouldBe(2);
    }

    private static async Task RunAsync(ServiceCollection services, Func<IServiceProvider, Task> program)
    {
        services.AddLogging();
        await using var provider = services.BuildServiceProvider();
        var bus = provider.GetRequiredService<IBusControl>();
        await bus.StartAsync(new CancellationTokenSource(Eventually.DefaultDeadline).Token);
        try
        {
            await program(provider);
        }
        finally
        {
            await bus.StopAsync();
        }
    }

    public sealed class Seen
    {
        public ConcurrentQueue<string> Texts { get; } = [];

        public ConcurrentQueue<string?> Keys { get; } = [];
    }

    public sealed class WeatherReportConsumer(Seen seen) : IConsumer<WeatherReport>
    {
        public Task Consume(ConsumeContext<WeatherReport> context)
        {
            seen.Keys.Enqueue(context.GetKey<string>());
            seen.Texts.Enqueue(context.Message.Text);
            return Task.CompletedTask;
        }
    }

    private sealed class NoBytes<T> : IAsyncSerializer<T>
    {
        public Task<byte[]> SerializeAsync(T data, SerializationContext context) => Task.FromResult(Array.Empty<byte>());
    }
}
