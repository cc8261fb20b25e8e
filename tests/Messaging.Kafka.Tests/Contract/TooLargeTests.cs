using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>A record that fitted into its topic, and not into where it is to go, holds up nothing and is not lost.</summary>
public class TooLargeTests : ContractTests
{
    private const int Limit = 3_000;

    [Test]
    public async Task A_record_larger_than_the_producer_takes_is_redelivered_and_dead_lettered_whole()
    {
        var value = $$"""{"text":"{{new string('a', 20_000)}}"}""";
        await using var host = await StartAsync(
            (_, endpoint) =>
            {
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
                endpoint.Handler<Order>(context =>
                {
                    Seen.Enqueue($"{context.GetRedeliveryCount()}");
                    throw new InvalidOperationException("never works");
                });
            },
            kafka: kafka => kafka.MessageMaxBytes = Limit);
        await Kafka.Records.ProduceAsync(Topic, "k", value);

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count >= 1, null, "the dead letter is written");
        dead[0].ValueText.ShouldBe(value);
        dead[0].Header("MT-Fault-Message").ShouldBe("never works");
        Seen.ShouldBe(["0", "1"]);
        await AllCommittedAsync();
    }

    [Test]
    public async Task What_the_dead_letter_topic_never_takes_is_given_to_the_application_until_it_takes_it()
    {
        var taken = new ConcurrentQueue<KafkaRecord>();
        var calls = 0;
        var (value, written) = await FailAsync(endpoint => endpoint.OnDeadLetterTooLarge((record, _) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
                throw new InvalidOperationException("not yet");
            taken.Enqueue(record);
            return Task.CompletedTask;
        }));

        var record = taken.ShouldHaveSingleItem();
        (record.Topic, record.Offset).ShouldBe((Topic, written));
        Encoding.UTF8.GetString(record.Value!).ShouldBe(value);
        Text(record, "MT-Fault-Message").ShouldBe("never works");
        Text(record, "MT-Original-Topic").ShouldBe(Topic);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task What_the_dead_letter_topic_never_takes_and_no_application_has_a_dead_letter_with_its_size_and_hash()
    {
        var (value, written) = await FailAsync(_ => { });

        var dead = Kafka.Records.ReadAll(Topic + ".dlt").ShouldHaveSingleItem();
        (dead.KeyText, dead.Value).ShouldBe(("k", null));
        dead.Header("MT-Fault-Message").ShouldBe("never works");
        dead.Header("MT-Original-Offset").ShouldBe($"{written}");
        dead.Header("MT-Original-Size").ShouldBe($"{value.Length}");
        dead.Header("MT-Original-Sha256").ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value))));
    }

    [Test]
    public async Task A_record_that_is_too_large_does_not_take_the_others_of_its_batch_with_it()
    {
        await using var host = await StartOnSmallTopicAsync();
        var sent = new List<Task>();
        for (var number = 0; number < 20; number++)
            sent.Add(host.Rider.RawProducer.Produce(Topic, "k"u8.ToArray(), Encoding.UTF8.GetBytes(number == 10 ? Incompressible() : $$"""{"text":"{{number}}"}"""), []));
        await Should.ThrowAsync<KafkaRecordTooLargeException>(sent[10]);
        sent.RemoveAt(10);
        await Task.WhenAll(sent);
        await Eventually.Until(() => Seen.Count == 19, null, "all others are consumed");
    }

    [Test]
    public async Task Records_that_are_only_together_larger_than_their_topic_takes_are_written()
    {
        await using var host = await StartOnSmallTopicAsync();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(number => host.Rider.RawProducer.Produce(Topic, "k"u8.ToArray(), Encoding.UTF8.GetBytes($$"""{"text":"{{number}}{{new string('a', 500)}}"}"""), [])));
        await Eventually.Until(() => Seen.Count == 50, null, "all are consumed");
    }

    [Test]
    public async Task A_delayed_record_that_its_topic_does_not_take_back_is_a_dead_letter()
    {
        await using var host = await StartOnSmallTopicAsync();
        var value = Incompressible();
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", value);
        await Kafka.Records.ProduceAsync(Topic + ".delay.1s", "k", """{"text":"behind"}""");

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count >= 1, null, "the dead letter is written");
        dead[0].ValueText.ShouldBe(value);
        await Eventually.Until(() => Seen.SequenceEqual(["behind"]), null, "the record behind it is back");
    }

    private static IReadOnlyDictionary<string, string> Small { get; } = new Dictionary<string, string> { ["max.message.bytes"] = $"{Limit}" };

    /// <summary>A host whose topic takes less than its delay and dead-letter topics.</summary>
    private async Task<RiderHost> StartOnSmallTopicAsync()
    {
        Kafka.Require(KafkaCapability.TopicSettings);
        Topic = KafkaFixture.UniqueName("small-orders");
        await Kafka.CreateTopicAsync(Topic, settings: Small);
        await Task.WhenAll(new[] { Topic + ".dlt", Topic + ".delay.1s" }.Select(topic => Kafka.CreateTopicAsync(topic)));
        return await StartAsync((_, endpoint) => endpoint.Handler<Order>(Note));
    }

    /// <summary>Lets a record fail whose dead-letter topic is too small for it, and waits until the record behind it is consumed.</summary>
    private async Task<(string Value, long Offset)> FailAsync(Action<IKafkaTopicReceiveEndpointConfigurator> configure)
    {
        Kafka.Require(KafkaCapability.TopicSettings);
        Topic = KafkaFixture.UniqueName("large-orders");
        await Kafka.CreateTopicAsync(Topic);
        await Kafka.CreateTopicAsync(Topic + ".delay.1s");
        await Kafka.CreateTopicAsync(Topic + ".dlt", settings: Small);
        await using var host = await StartAsync((_, endpoint) =>
        {
            configure(endpoint);
            endpoint.Handler<Order>(context => context.Message.Text == "behind" ? Note(context) : throw new InvalidOperationException("never works"));
        });
        var value = Incompressible();
        var written = await Kafka.Records.ProduceAsync(Topic, "k", value);
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"behind"}""");
        await Eventually.Until(() => Seen.SequenceEqual(["behind"]), null, "the record behind it is consumed");
        await AllCommittedAsync();
        return (value, written.Offset.Value);
    }

    /// <summary>An order that is larger than the small topics take, however it is compressed.</summary>
    private static string Incompressible() => $$"""{"text":"{{Convert.ToHexString(RandomNumberGenerator.GetBytes(10_000))}}"}""";

    private static string? Text(KafkaRecord record, string name) =>
        record.Headers.LastOrDefault(header => header.Name == name).Value is { } value ? Encoding.UTF8.GetString(value) : null;
}
