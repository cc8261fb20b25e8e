using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>Whatever anybody writes into a topic, the records behind it are read.</summary>
public class AnyRecordTests : ContractTests
{
    /// <summary>A time in microseconds where milliseconds are meant.</summary>
    private const long Microseconds = 1_795_849_033_887_000;

    private const string Number = "X-Number";

    private readonly ConcurrentDictionary<string, byte> _consumed = [];

    /// <summary>Brokers refuse timestamps that lie ahead unless the topic says otherwise.</summary>
    protected override IReadOnlyDictionary<string, string> TopicSettings { get; } =
        new Dictionary<string, string> { ["message.timestamp.after.max.ms"] = long.MaxValue.ToString(CultureInfo.InvariantCulture) };

    [TestCase("1795849033887000")]
    [TestCase("99999999999999999999")]
    [TestCase("soon")]
    public async Task A_delayed_record_whose_due_time_cannot_be_read_comes_back_and_so_do_those_behind_it(string due)
    {
        await using var host = await StartAsync();
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", """{"text":"unreadable"}""", ("MT-Delay-Due", due));
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", """{"text":"behind"}""");

        await Eventually.Until(() => Seen.Order().SequenceEqual(["behind", "unreadable"]), null, "both are back");
        await Eventually.Until(() => Kafka.Records.Lag(Group + "-delay", Topic + ".delay.1s") == 0, null, "the forwarder's offsets are committed");
    }

    [Test]
    public async Task A_delayed_record_of_a_year_that_does_not_exist_waits_no_longer_than_its_tier()
    {
        await using var host = await StartAsync();
        using var producer = Producer();
        await WriteAsync(producer, Topic + ".delay.1s", """{"text":"from afar"}""", Microseconds);
        await WriteAsync(producer, Topic + ".delay.1s", """{"text":"behind"}""", null);

        await Eventually.Until(() => Seen.Order().SequenceEqual(["behind", "from afar"]), null, "both are back");
    }

    [Test]
    public async Task A_record_whose_timestamp_is_no_time_is_a_dead_letter_that_says_so()
    {
        await using var host = await StartAsync();
        using var producer = Producer();
        await WriteAsync(producer, Topic, """{"text":"from afar"}""", Microseconds);
        await WriteAsync(producer, Topic, """{"text":"behind"}""", null);

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        dead[0].ValueText.ShouldBe("""{"text":"from afar"}""");
        dead[0].Header("MT-Fault-Message")!.ShouldContain("timestamp is 1795849033887000");
        await Eventually.Until(() => Seen.SequenceEqual(["behind"]), null, "the next record is consumed");
        await AllCommittedAsync();
    }

    [TestCase("2147483647")]
    [TestCase("-7")]
    [TestCase("often")]
    public async Task A_record_whose_redelivery_count_is_no_count_is_a_dead_letter_that_says_so(string count)
    {
        await using var host = await StartAsync();
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"counted"}""", ("MT-Redelivery-Count", count));

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        dead[0].Header("MT-Fault-Message")!.ShouldContain($"MT-Redelivery-Count is '{count}'");
        Seen.ShouldBeEmpty();
        await AllCommittedAsync();
    }

    /// <summary>Thousands of records of a seeded generator, in the topic and in its delay topic; a failure names the seed.</summary>
    [TestCase(20261128)]
    [TestCase(7)]
    public async Task Every_record_is_consumed_or_dead_lettered_whatever_is_in_it(int seed)
    {
        const int records = 2_000;
        var written = new ConcurrentDictionary<string, byte>();
        await using var host = await StartAsync();
        var random = new Random(seed);
        using (var producer = Producer())
        {
            for (var i = 0; i < records; i++)
            {
                var message = AnyMessage(random, i);
                var topic = random.Next(3) == 0 ? Topic + ".delay.1s" : Topic;
                var number = i.ToString(CultureInfo.InvariantCulture);
                producer.Produce(topic, message, report => _ = report.Error.IsError || written.TryAdd(number, 0));
            }

            producer.Flush(Eventually.DefaultDeadline);
        }

        var deadline = TimeSpan.FromSeconds(90);
        await Eventually.Until(() => Kafka.Records.Lag(Group + "-delay", Topic + ".delay.1s") == 0, deadline, $"seed {seed}: the delay topic is read");
        await Eventually.Until(() => Kafka.Records.Lag(Group, Topic) == 0, deadline, $"seed {seed}: the topic is read");
        var dead = Kafka.Records.ReadAll(Topic + ".dlt").Select(record => record.Header(Number)!).ToHashSet();
        written.Count.ShouldBeGreaterThan(records / 2, "a broker refuses some timestamps");
        written.Keys.Where(number => !_consumed.ContainsKey(number) && !dead.Contains(number)).ShouldBeEmpty($"seed {seed}");
        _consumed.ShouldNotBeEmpty();
        dead.ShouldNotBeEmpty();
    }

    private static Message<byte[]?, byte[]?> AnyMessage(Random random, int number)
    {
        var message = new Message<byte[]?, byte[]?>
        {
            Key = random.Next(3) switch { 0 => null, 1 => AnyBytes(random), _ => [(byte)random.Next(5)] },
            Value = random.Next(6) switch
            {
                0 => null,
                1 => AnyBytes(random),
                2 => Encoding.UTF8.GetBytes("""{"text":7,"other":[null]}"""),
                _ => Encoding.UTF8.GetBytes($$"""{"text":"{{number}}"}"""),
            },
            Timestamp = AnyTimestamp(random),
            Headers = [],
        };
        for (var i = random.Next(4); i > 0; i--)
            message.Headers.Add(Pick(random, "X-Tag", "", "MT-Fault-Message", "MT-Reason", "traceparent", "MT-Activity-Id", "Content-Type", "MessageId", "SentTime", "\u0000"), AnyHeader(random));
        foreach (var name in new[] { "MT-Delay-Due", "MT-Redelivery-Count", "MessageId", "CorrelationId", "ConversationId", "SourceAddress", "MT-Request-TimeToLive", "ExpirationTime" })
        {
            if (random.Next(4) == 0)
                message.Headers.Add(name, AnyHeader(random));
        }

        message.Headers.Add(Number, Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        return message;
    }

    private static Timestamp AnyTimestamp(Random random) => random.Next(8) switch
    {
        0 => new Timestamp(long.MaxValue, TimestampType.CreateTime),
        1 => new Timestamp(Microseconds, TimestampType.CreateTime),
        2 => new Timestamp(-62_135_596_800_000, TimestampType.CreateTime),
        3 => new Timestamp(long.MinValue, TimestampType.CreateTime),
        4 => new Timestamp(-1, TimestampType.CreateTime),
        5 => new Timestamp(random.NextInt64(long.MinValue, long.MaxValue), TimestampType.CreateTime),
        _ => Timestamp.Default,
    };

    private static byte[]? AnyHeader(Random random) => random.Next(4) switch
    {
        0 => null,
        1 => AnyBytes(random),
        _ => Encoding.UTF8.GetBytes(Pick(random,
            "", "0", "1", "-1", "2147483646", "2147483647", "2147483648", "9223372036854775807", "99999999999999999999", "1795849033887000", "253402300800000",
            "1e9", " 1", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999-14:00", "00-00000000000000000000000000000000-0000000000000000-00",
            "topic:", "http://[", "application/json", "application/vnd.masstransit+json", "7f6bb5a2-6c1a-4c35-9c51-c0cbb7e6c7a1")),
    };

    private static byte[] AnyBytes(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static T Pick<T>(Random random, params T[] from) => from[random.Next(from.Length)];

    private async Task<RiderHost> StartAsync() => await StartAsync((_, endpoint) =>
    {
        endpoint.ConcurrentMessageLimit = 32;
        endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
        endpoint.Handler<Order>(context =>
        {
            if (context.ReceiveContext.GetPayload<KafkaConsumeRecord>().RecordHeaders.LastOrDefault(header => header.Name == Number).Value is { } number)
                _consumed.TryAdd(Encoding.UTF8.GetString(number), 0);
            return Note(context);
        });
    });

    private IProducer<byte[]?, byte[]?> Producer() =>
        new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = Kafka.BootstrapServers, Partitioner = Confluent.Kafka.Partitioner.Murmur2Random }).Build();

    private static async Task WriteAsync(IProducer<byte[]?, byte[]?> producer, string topic, string value, long? timestamp) =>
        await producer.ProduceAsync(topic, new Message<byte[]?, byte[]?>
        {
            Key = "k"u8.ToArray(),
            Value = Encoding.UTF8.GetBytes(value),
            Timestamp = timestamp is { } milliseconds ? new Timestamp(milliseconds, TimestampType.CreateTime) : Timestamp.Default,
        });
}
