using System.Collections.Concurrent;
using System.Net.Mime;
using System.Text;
using Confluent.Kafka;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>A message that is only an interface.</summary>
public interface IParcel
{
    string Text { get; }
}

/// <summary>Keys, values and headers as they lie in the topic and as a consumer sees them.</summary>
public class WireTests : ContractTests
{
    [Test]
    public Task A_text_key_is_its_bytes() => KeyRoundTripAsync("käy", Encoding.UTF8.GetBytes("käy"));

    [Test]
    public Task A_guid_key_is_text() => KeyRoundTripAsync(new Guid("0b2f1f4e-8f0b-4b57-a2b5-0d5b7a1f3d11"), "0b2f1f4e-8f0b-4b57-a2b5-0d5b7a1f3d11"u8.ToArray());

    /// <summary>MassTransit's own rider writes such a key as JSON.</summary>
    [Test]
    public async Task A_guid_key_between_quotation_marks_is_read_as_one_without()
    {
        var id = new Guid("0b2f1f4e-8f0b-4b57-a2b5-0d5b7a1f3d11");
        var keys = new ConcurrentQueue<(Guid, Guid)>();
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            _ => { },
            (_, kafka) => kafka.TopicEndpoint<Guid, Order>(Topic, Group, endpoint => endpoint.Handler<Order>(context =>
            {
                keys.Enqueue((context.GetKey<Guid>(), context.ReceiveContext.GetPayload<KafkaConsumeContext<Guid>>().Key));
                return Task.CompletedTask;
            })));
        await Kafka.Records.ProduceAsync(Topic, $"\"{id}\"", """{"text":"1"}""");
        await Kafka.Records.ProduceAsync(Topic, $"{id}", """{"text":"2"}""");

        await Eventually.Until(() => keys.Count == 2, null, "both are consumed");
        keys.ShouldBe([(id, id), (id, id)]);
    }

    [Test]
    public async Task A_consumer_is_told_topic_partition_offset_group_and_time_of_its_record()
    {
        var seen = new TaskCompletionSource<KafkaConsumeContext<string>>();
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(context =>
        {
            context.TryGetPayload(out KafkaConsumeContext<string>? found).ShouldBeTrue();
            seen.TrySetResult(found!);
            return Task.CompletedTask;
        }));
        await Kafka.Records.ProduceAsync(Topic, "käy", """{"text":"1"}""");

        var context = await seen.Task.WaitAsync(Eventually.DefaultDeadline);
        var record = Kafka.Records.ReadAll(Topic).Single();
        (context.GroupId, context.Topic, context.Partition, context.Offset, context.Key, context.IsPartitionEof)
            .ShouldBe((Group, Topic, record.Partition, record.Offset, "käy", false));
        context.CheckpointUtcDateTime.ShouldBe(record.Timestamp.UtcDateTime);
    }

    [Test]
    public Task A_number_is_big_endian_as_in_Java() => KeyRoundTripAsync(258, [0, 0, 1, 2]);

    [Test]
    public Task A_long_number_is_big_endian_as_in_Java() => KeyRoundTripAsync(258L, [0, 0, 0, 0, 0, 0, 1, 2]);

    [Test]
    public Task Bytes_are_themselves() => KeyRoundTripAsync(new byte[] { 1, 2, 3 }, [1, 2, 3]);

    [Test]
    public Task A_record_of_the_Null_type_has_no_key() => KeyRoundTripAsync<Null>(null!, null);

    [Test]
    public Task A_key_of_any_other_type_is_JSON() => KeyRoundTripAsync(new Order("1"), """{"text":"1"}"""u8.ToArray());

    [Test]
    public async Task A_message_that_is_an_interface_is_produced_from_values_and_consumed()
    {
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<string, IParcel>(Topic),
            (_, kafka) => kafka.TopicEndpoint<string, IParcel>(Topic, Group, endpoint => endpoint.Handler<IParcel>(context =>
            {
                Seen.Enqueue(context.Message.Text);
                return Task.CompletedTask;
            })));
        await using var scope = host.Scope();
        await scope.Producer<string, IParcel>().Produce("k", new { Text = "1" });

        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the parcel is consumed");
    }

    [Test]
    public async Task Headers_arrive_as_they_were_set()
    {
        var headers = new TaskCompletionSource<MassTransit.Headers>();
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(context =>
        {
            headers.TrySetResult(context.Headers);
            return Task.CompletedTask;
        }));
        var when = new DateTime(2026, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        await host.ProduceAsync("k", new Order("1"), context =>
        {
            context.Headers.Set("X-Text", "grün");
            context.Headers.Set("X-Number", 42);
            context.Headers.Set("X-Flag", true);
            context.Headers.Set("X-When", when);
            context.Headers.Set("X-Order", new Order("inner"));
            context.RequestId = new Guid("0b2f1f4e-8f0b-4b57-a2b5-0d5b7a1f3d11");
            context.ResponseAddress = new Uri("queue:answers");
        });

        var seen = await headers.Task.WaitAsync(Eventually.DefaultDeadline);
        seen.Get<string>("X-Text").ShouldBe("grün");
        seen.Get<int>("X-Number").ShouldBe(42);
        seen.Get<bool>("X-Flag").ShouldBe(true);
        seen.Get<DateTime>("X-When").ShouldBe(when);
        seen.Get<Order>("X-Order").ShouldBe(new Order("inner"));
        var record = Kafka.Records.ReadAll(Topic).Single();
        record.Header("X-Number").ShouldBe("42");
        record.Header("X-Order").ShouldBe("""{"text":"inner"}""");
        record.Header("RequestId").ShouldBe("0b2f1f4e-8f0b-4b57-a2b5-0d5b7a1f3d11");
        record.Header("MT-Response-Address").ShouldBe("queue:answers");
    }

    [Test]
    public async Task Headers_without_a_value_and_several_of_one_name_arrive_and_are_kept_on_every_way()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(context =>
            {
                context.Headers.Get<string>("X-Two").ShouldBe("b");
                context.Headers.Get<string>("X-None").ShouldBeNull();
                Seen.Enqueue(Text(context.GetPayload<KafkaConsumeRecord>().RecordHeaders.Select(header => (header.Name, header.Value is null ? null : Encoding.UTF8.GetString(header.Value)))));
                throw new InvalidOperationException("fails");
            });
        });
        using (var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = Kafka.BootstrapServers }).Build())
        {
            Confluent.Kafka.Headers headers = [new Header("X-Two", "a"u8.ToArray()), new Header("X-None", null), new Header("X-Two", "b"u8.ToArray())];
            await producer.ProduceAsync(Topic, new Message<string, string> { Key = "k", Value = """{"text":"1"}""", Headers = headers });
        }

        var dead = (await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written")).Single();
        Seen.ShouldBe(["X-Two=a X-None=null X-Two=b", "X-Two=a X-None=null X-Two=b"]);
        // Where a value is missing, it is told as no text.
        Text(dead.Headers.Select(header => (header.Key, (string?)header.Value))).ShouldBe("X-Two=a X-None= X-Two=b");

        static string Text(IEnumerable<(string Name, string? Value)> headers) => string.Join(
            ' ', headers.Where(header => header.Name.StartsWith("X-", StringComparison.Ordinal)).Select(header => $"{header.Name}={header.Value ?? "null"}"));
    }

    [Test]
    public async Task A_value_deserializer_reads_every_value_and_may_make_a_message_of_a_tombstone()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.SetValueDeserializer(new TextOrders());
            endpoint.Handler<Order>(Note);
        });
        await Kafka.Records.ProduceAsync(Topic, "k", "plain text", ("Content-Type", "application/x-other"));
        await Kafka.Records.ProduceAsync(Topic, "k", null);
        await Kafka.Records.ProduceAsync(Topic, "k", "poison");

        await Eventually.Until(() => Seen.SequenceEqual(["plain text", "deleted"]), null, "both are consumed");
        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the poison is dead-lettered");
        (dead[0].ValueText, dead[0].Header("MT-Fault-Message")).ShouldBe(("poison", "cannot be read"));
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_value_deserializers_message_is_redelivered_as_the_bytes_it_came_in()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.SetValueDeserializer(new TextOrders());
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(context => context.GetRedeliveryCount() == 0 ? throw new InvalidOperationException("not yet") : Note(context));
        });
        await Kafka.Records.ProduceAsync(Topic, "k", "plain text");

        await Eventually.Until(() => Seen.SequenceEqual(["plain text"]), null, "the redelivery is consumed");
        Kafka.Records.ReadAll(Topic + ".delay.1s").Single().ValueText.ShouldBe("plain text");
    }

    [Test]
    public async Task Serializers_of_the_whole_rider_hold_where_none_is_set()
    {
        await using var host = await StartAsync(
            (_, endpoint) => endpoint.Handler<Order>(context =>
            {
                Seen.Enqueue($"{context.GetKey<string>()}: {context.Message.Text}");
                return Task.CompletedTask;
            }),
            kafka: kafka => kafka.SetSerializationFactory(new UpperCase()));
        await host.ProduceAsync("k", new Order("text"));

        await Eventually.Until(() => Seen.SequenceEqual(["k: text"]), null, "the order is consumed");
        var record = Kafka.Records.ReadAll(Topic).Single();
        (record.KeyText, record.ValueText, record.Header("Content-Type")).ShouldBe(("K", "TEXT", "text/upper"));
    }

    [Test]
    public async Task Own_headers_are_written_and_read_and_redelivery_ends_all_the_same()
    {
        await using var host = await StartAsync(
            (_, endpoint) =>
            {
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
                endpoint.Handler<Order>(async context =>
                {
                    Seen.Enqueue($"{context.GetRedeliveryCount()} {context.Headers.Get<string>("only")}");
                    await Task.CompletedTask;
                    throw new InvalidOperationException("never");
                });
            },
            kafka: kafka =>
            {
                kafka.SetHeadersSerializer(new OneHeader());
                kafka.SetHeadersDeserializer(new OneHeader());
            });
        await host.ProduceAsync("k", new Order("1"), context => context.Headers.Set("X-Tag", "blue"));

        await Eventually.Until(() => Kafka.Records.ReadAll(Topic + ".dlt").Count == 1, null, "the dead letter is written");
        Seen.ShouldBe(["0 one", "1 one"]);
        Kafka.Records.ReadAll(Topic)[0].Headers.Select(header => header.Key).Where(name => name != "traceparent").ShouldBe(["only"]);
    }

    private async Task KeyRoundTripAsync<TKey>(TKey key, byte[]? bytes)
    {
        var seen = new ConcurrentQueue<TKey?>();
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<TKey, Order>(Topic),
            (_, kafka) => kafka.TopicEndpoint<TKey, Order>(Topic, Group, endpoint => endpoint.Handler<Order>(context =>
            {
                seen.Enqueue(context.GetKey<TKey>());
                return Task.CompletedTask;
            })));
        await host.ProduceAsync(key, new Order("1"));

        await Eventually.Until(() => seen.Count == 1, null, "the order is consumed");
        seen.Single().ShouldBe(key);
        Kafka.Records.ReadAll(Topic).Single().Key.ShouldBe(bytes);
    }

    private sealed class TextOrders : IDeserializer<Order>
    {
        public Order Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
        {
            var text = isNull ? "deleted" : Encoding.UTF8.GetString(data);
            return text == "poison" ? throw new FormatException("cannot be read") : new Order(text);
        }
    }

    /// <summary>Texts and orders in capitals.</summary>
    private sealed class UpperCase : IKafkaSerializerFactory
    {
        public ContentType ContentType => new("text/upper");

        public IDeserializer<T> GetDeserializer<T>() => new Capitals<T>();

        public IAsyncSerializer<T> GetSerializer<T>() => new Capitals<T>();
    }

    private sealed class Capitals<T> : IDeserializer<T>, IAsyncSerializer<T>
    {
        public T Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
        {
            var text = Encoding.UTF8.GetString(data).ToLowerInvariant();
            return (T)(typeof(T) == typeof(string) ? text : (object)new Order(text));
        }

        public Task<byte[]> SerializeAsync(T data, SerializationContext context) =>
            Task.FromResult(Encoding.UTF8.GetBytes((data is Order order ? order.Text : data!.ToString()!).ToUpperInvariant()));
    }

    private sealed class OneHeader : IHeadersSerializer, IHeadersDeserializer
    {
        public Confluent.Kafka.Headers Serialize(SendContext context) => new() { { "only", "one"u8.ToArray() } };

        public IHeaderProvider Deserialize(Confluent.Kafka.Headers headers) =>
            new DictionaryHeaderProvider(headers.Where(header => header.Key == "only").ToDictionary(header => header.Key, header => (object)Encoding.UTF8.GetString(header.GetValueBytes())));
    }
}
