using Avro.Specific;
using Confluent.Kafka;
using Confluent.Kafka.SyncOverAsync;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>Avro and JSON Schema by Confluent's serializers and a schema registry, set as with MassTransit's own rider.</summary>
public class SchemaRegistryTests : ContractTests
{
    private FakeSchemaRegistry _registry = null!;
    private CachedSchemaRegistryClient _client = null!;

    [SetUp]
    public void StartRegistry()
    {
        _registry = new FakeSchemaRegistry();
        _client = NewClient();
    }

    [TearDown]
    public void StopRegistry()
    {
        _client.Dispose();
        _registry.Dispose();
    }

    [Test]
    public async Task Avro_is_written_and_read_with_the_schema_registered_and_what_is_none_is_a_dead_letter()
    {
        await using var host = await StartAvroAsync(_client);
        await host.ProduceAsync("k", new AvroInvoice { Payer = "ada", Cents = 1250 });
        await Eventually.Until(() => Seen.SequenceEqual(["ada 1250"]), null, "the invoice is consumed");

        _registry.Subjects.ShouldBe([Topic + "-value"]);
        var record = Kafka.Records.ReadAll(Topic).ShouldHaveSingleItem();
        // Confluent's wire format: a zero byte, and the schema's id, big-endian.
        record.Value![..5].ShouldBe([0, 0, 0, 0, 1]);

        await Kafka.Records.ProduceAsync(Topic, "k", "no Avro");
        var letter = (await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the dead letter is there"))[0];
        (letter.ValueText, letter.Header("MT-Reason")).ShouldBe(("no Avro", "fault"));
    }

    [Test]
    public async Task A_registry_that_is_away_pauses_an_endpoint_whose_rule_says_so_and_makes_no_dead_letters()
    {
        var value = await new AvroSerializer<AvroInvoice>(_client)
            .SerializeAsync(new AvroInvoice { Payer = "ada", Cents = 1 }, new SerializationContext(MessageComponentType.Value, Topic));
        await Kafka.Records.ProduceAsync(Topic, "k"u8.ToArray(), value);

        // Of a process that has not seen the schema.
        using var cold = NewClient();
        _registry.IsAway = true;
        await using var host = await StartAvroAsync(cold, endpoint => endpoint.PauseOn(pause =>
        {
            pause.When = exception => exception is HttpRequestException or SchemaRegistryException;
            pause.Probe = async (_, _) => await cold.GetSchemaAsync(1);
            pause.FirstInterval = TimeSpan.FromMilliseconds(100);
        }));
        await Eventually.Until(() => host.Rider.Paused.Count == 1, null, "the endpoint pauses");
        Seen.ShouldBeEmpty();

        _registry.IsAway = false;
        await Eventually.Until(() => Seen.SequenceEqual(["ada 1"]), null, "the invoice is consumed once the registry is back");
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_producer_whose_registry_is_away_fails_and_writes_nothing()
    {
        _registry.IsAway = true;
        await using var host = await StartAvroAsync(_client);
        await Should.ThrowAsync<Exception>(() => host.ProduceAsync("k", new AvroInvoice { Payer = "ada", Cents = 1 }));
        Kafka.Records.ReadAll(Topic).ShouldBeEmpty();
    }

    [Test]
    public async Task Json_with_a_schema_is_written_and_read()
    {
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<string, JsonInvoice>(Topic, (_, producer) => producer.SetValueSerializer(new JsonSerializer<JsonInvoice>(_client))),
            (_, kafka) => kafka.TopicEndpoint<string, JsonInvoice>(Topic, Group, endpoint =>
            {
                endpoint.SetValueDeserializer(new JsonDeserializer<JsonInvoice>(_client).AsSyncOverAsync());
                endpoint.Handler<JsonInvoice>(context =>
                {
                    Seen.Enqueue($"{context.Message.Payer} {context.Message.Cents}");
                    return Task.CompletedTask;
                });
            }));
        await host.ProduceAsync("k", new JsonInvoice { Payer = "ada", Cents = 1250 });
        await Eventually.Until(() => Seen.SequenceEqual(["ada 1250"]), null, "the invoice is consumed");
        _registry.Subjects.ShouldBe([Topic + "-value"]);
    }

    [Test]
    public async Task One_factory_makes_the_serializers_of_all_producers_and_endpoints_keys_included()
    {
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<string, AvroInvoice>(Topic),
            (_, kafka) =>
            {
                kafka.SetSerializationFactory(new AvroSerializers(_client));
                kafka.TopicEndpoint<string, AvroInvoice>(Topic, Group, endpoint => endpoint.Handler<AvroInvoice>(context =>
                {
                    Seen.Enqueue($"{context.GetKey<string>()} {context.Message.Cents}");
                    return Task.CompletedTask;
                }));
            });
        await host.ProduceAsync("key", new AvroInvoice { Payer = "ada", Cents = 1250 });
        await Eventually.Until(() => Seen.SequenceEqual(["key 1250"]), null, "the invoice is consumed");
        _registry.Subjects.Order().ShouldBe([Topic + "-key", Topic + "-value"]);
    }

    private CachedSchemaRegistryClient NewClient() => new(new SchemaRegistryConfig { Url = _registry.Url, MaxRetries = 1, RetriesWaitMs = 1, RetriesMaxWaitMs = 1 });

    private Task<RiderHost> StartAvroAsync(ISchemaRegistryClient registry, Action<IKafkaTopicReceiveEndpointConfigurator<string, AvroInvoice>>? configure = null) =>
        RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<string, AvroInvoice>(Topic, (_, producer) => producer.SetValueSerializer(new AvroSerializer<AvroInvoice>(registry))),
            (_, kafka) => kafka.TopicEndpoint<string, AvroInvoice>(Topic, Group, endpoint =>
            {
                endpoint.SetValueDeserializer(new AvroDeserializer<AvroInvoice>(registry).AsSyncOverAsync());
                configure?.Invoke(endpoint);
                endpoint.Handler<AvroInvoice>(context =>
                {
                    Seen.Enqueue($"{context.Message.Payer} {context.Message.Cents}");
                    return Task.CompletedTask;
                });
            }));

    public sealed class JsonInvoice
    {
        public string Payer { get; set; } = "";

        public long Cents { get; set; }
    }

    private sealed class AvroSerializers(ISchemaRegistryClient registry) : IKafkaSerializerFactory
    {
        public System.Net.Mime.ContentType ContentType { get; } = new("application/avro");

        public IDeserializer<T> GetDeserializer<T>() => new AvroDeserializer<T>(registry).AsSyncOverAsync();

        public IAsyncSerializer<T> GetSerializer<T>() => new AvroSerializer<T>(registry);
    }
}

/// <summary>As Avro's generator writes classes, which Avro finds by their names: it may not be nested.</summary>
public sealed class AvroInvoice : ISpecificRecord
{
#pragma warning disable IDE1006, CA1707, SA1310 // Avro's name, by which its serializer finds the schema.
    public static readonly Avro.Schema _SCHEMA = Avro.Schema.Parse("""
        {"type":"record","name":"AvroInvoice","namespace":"Messaging.Kafka.Tests.DropIn","fields":[{"name":"Payer","type":"string"},{"name":"Cents","type":"long"}]}
        """);
#pragma warning restore IDE1006, CA1707, SA1310

    public Avro.Schema Schema => _SCHEMA;

    public string Payer { get; set; } = "";

    public long Cents { get; set; }

    public object Get(int fieldPos) => fieldPos == 0 ? Payer : Cents;

    public void Put(int fieldPos, object fieldValue)
    {
        if (fieldPos == 0)
            Payer = (string)fieldValue;
        else
            Cents = (long)fieldValue;
    }
}
