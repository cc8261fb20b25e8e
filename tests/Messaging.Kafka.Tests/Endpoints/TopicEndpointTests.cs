using System.Collections.Concurrent;
using System.Text;
using MassTransit;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Endpoints;

/// <summary>A note for the tests.</summary>
public sealed record Note(string Text);

public class TopicEndpointTests
{
    private KafkaFixture _kafka = null!;
    private string _topic = null!;
    private string _group = null!;

    [SetUp]
    public async Task CreateTopics()
    {
        _kafka = await KafkaFixture.StartAsync();
        _topic = KafkaFixture.UniqueName("notes");
        _group = KafkaFixture.UniqueName("notes-group");
        foreach (var topic in new[] { _topic, _topic + ".dlt", _topic + ".delay.1s", _topic + ".delay.2s" })
            await _kafka.CreateTopicAsync(topic);
    }

    [Test]
    public async Task A_message_arrives_with_its_key_id_and_headers()
    {
        var seen = new ConcurrentQueue<(string Text, string? Key, Guid? Id, string? Header, int? Partition, long? Offset)>();
        await using var host = await StartAsync(context =>
        {
            seen.Enqueue((context.Message.Text, context.GetKey<string>(), context.MessageId, context.Headers.Get<string>("X-Tag"), context.Partition(), context.Offset()));
            return Task.CompletedTask;
        });
        var id = NewId.NextGuid();
        await host.ProduceAsync("k1", new Note("hello"), context =>
        {
            context.MessageId = id;
            context.Headers.Set("X-Tag", "blue");
        });

        await Eventually.Until(() => seen.Count == 1, null, "the note is consumed");
        var (text, key, messageId, header, partition, offset) = seen.Single();
        (text, key, messageId, header).ShouldBe(("hello", "k1", id, "blue"));
        var record = _kafka.Records.ReadAll(_topic).Single();
        (partition, offset).ShouldBe((record.Partition, record.Offset));
        record.ValueText.ShouldBe("""{"text":"hello"}""");
        await Eventually.Until(() => _kafka.Records.Lag(_group, _topic) == 0, null, "the offset is committed");
    }

    [Test]
    public async Task A_record_from_a_console_is_a_message_with_an_id_of_its_place()
    {
        var ids = new ConcurrentQueue<Guid?>();
        await using (await StartAsync(context =>
        {
            ids.Enqueue(context.MessageId);
            return Task.CompletedTask;
        }))
        {
            await _kafka.Records.ProduceAsync(_topic, (string?)null, """{"text":"typed"}""");
            await Eventually.Until(() => ids.Count == 1, null, "the note is consumed");
        }

        ids.Single().ShouldNotBeNull().Version.ShouldBe(8);
    }

    [Test]
    public async Task A_message_that_always_fails_is_retried_redelivered_and_dead_lettered_byte_for_byte()
    {
        var tries = new ConcurrentQueue<(DateTimeOffset At, int Redelivery, int Retry, Guid? Id, string? Key)>();
        await using var host = await StartAsync(
            context =>
            {
                tries.Enqueue((DateTimeOffset.UtcNow, context.GetRedeliveryCount(), context.GetRetryAttempt(), context.MessageId, context.GetKey<string>()));
                throw new InvalidOperationException("never works");
            },
            endpoint =>
            {
                endpoint.UseDelayedRedelivery(r => r.Intervals(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
                endpoint.UseMessageRetry(r => r.Immediate(1));
            });
        var written = await _kafka.Records.ProduceAsync(_topic, "k1", """{"text" :  "odd spaces"}""", ("X-Tag", "blue"));

        var dead = await Eventually.Value(() => _kafka.Records.ReadAll(_topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        tries.Select(tried => (tried.Redelivery, tried.Retry)).ShouldBe([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        tries.Select(tried => tried.Id).Distinct().Count().ShouldBe(1);
        tries.Select(tried => tried.Key).Distinct().ShouldBe(["k1"]);
        var at = tries.Select(tried => tried.At).ToList();
        (at[2] - at[1]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        (at[4] - at[3]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2));

        var letter = dead.Single();
        (letter.KeyText, letter.ValueText, letter.Header("X-Tag")).ShouldBe(("k1", """{"text" :  "odd spaces"}""", "blue"));
        letter.Header("MT-Reason").ShouldBe("fault");
        letter.Header("MT-Fault-Message").ShouldBe("never works");
        letter.Header("MT-Fault-ExceptionType").ShouldBe("System.InvalidOperationException");
        letter.Header("MT-Redelivery-Count").ShouldBe("2");
        letter.Header("MT-Original-Topic").ShouldBe(_topic);
        letter.Header("MT-Original-Group").ShouldBe(_group);
        letter.Header("MessageId").ShouldBe(tries.First().Id.ToString());
        written.Topic.ShouldBe(_topic);
        await Eventually.Until(() => _kafka.Records.Lag(_group, _topic) == 0, null, "all offsets are committed");
        await Eventually.Until(() => _kafka.Records.Lag(_group + "-delay", _topic + ".delay.2s") == 0, null, "the forwarder's offsets are committed");
    }

    [TestCase("not json at all")]
    [TestCase("")]
    [TestCase(null)]
    public async Task A_poison_record_lands_in_the_dead_letter_topic_byte_for_byte(string? value)
    {
        var seen = new ConcurrentQueue<string>();
        await using var host = await StartAsync(context =>
        {
            seen.Enqueue(context.Message.Text);
            return Task.CompletedTask;
        });
        await _kafka.Records.ProduceAsync(_topic, "k1"u8.ToArray(), value is null ? null : Encoding.UTF8.GetBytes(value), ("X-Tag", "blue"));
        await _kafka.Records.ProduceAsync(_topic, "k1", """{"text":"after"}""");

        var dead = await Eventually.Value(() => _kafka.Records.ReadAll(_topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        (dead[0].KeyText, dead[0].ValueText, dead[0].Header("X-Tag"), dead[0].Header("MT-Reason")).ShouldBe(("k1", value, "blue", "fault"));
        await Eventually.Until(() => seen.SequenceEqual(["after"]), null, "the next record is consumed");
        await Eventually.Until(() => _kafka.Records.Lag(_group, _topic) == 0, null, "both offsets are committed");
        _kafka.Records.ReadAll(_topic + ".dlt").Count.ShouldBe(1);
    }

    [Test]
    public async Task A_message_of_a_foreign_type_lands_in_the_dead_letter_topic()
    {
        await using var host = await StartAsync(_ => Task.CompletedTask);
        await _kafka.Records.ProduceAsync(_topic, "k1", """{"text":"x"}""", ("MT-MessageType", "urn:message:Other:Thing"));

        var dead = await Eventually.Value(() => _kafka.Records.ReadAll(_topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        dead[0].Header("MT-Reason").ShouldBe("dead-letter");
        dead[0].ValueText.ShouldBe("""{"text":"x"}""");
    }

    [TestCase("[1, 2]", "System.Text.Json.JsonException")]
    [TestCase("""{"text": 5}""", "System.InvalidOperationException")]
    [TestCase("null", "System.InvalidOperationException")]
    public async Task JSON_that_is_no_such_message_is_refused_as_MassTransits_own_deserializer_refuses_it(string value, string exception)
    {
        await using var host = await StartAsync(_ => Task.CompletedTask);
        await _kafka.Records.ProduceAsync(_topic, "k1", value);

        var dead = await Eventually.Value(() => _kafka.Records.ReadAll(_topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        (dead[0].ValueText, dead[0].Header("MT-Reason"), dead[0].Header("MT-Fault-ExceptionType")).ShouldBe((value, "fault", exception));
    }

    [Test]
    public async Task Records_of_a_key_keep_their_order_and_others_run_beside_them()
    {
        var seen = new ConcurrentDictionary<string, ConcurrentQueue<string>>();
        var running = 0;
        var most = 0;
        await using var host = await StartAsync(
            async context =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Delay(5);
                seen.GetOrAdd(context.GetKey<string>()!, _ => new()).Enqueue(context.Message.Text);
                Interlocked.Decrement(ref running);
            },
            endpoint => endpoint.ConcurrentMessageLimit = 16);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async key =>
        {
            for (var i = 0; i < 20; i++)
                await host.ProduceAsync($"k{key}", new Note($"{i}"));
        }));

        await Eventually.Until(() => seen.Values.Sum(notes => notes.Count) == 400, null, "all notes are consumed");
        seen.Values.ShouldAllBe(notes => notes.SequenceEqual(Enumerable.Range(0, 20).Select(i => $"{i}")));
        most.ShouldBeInRange(4, 16);
    }

    [Test]
    public async Task A_dependency_unavailable_failure_pauses_the_endpoint_and_no_message_is_harmed()
    {
        var well = false;
        var probes = 0;
        var seen = new ConcurrentQueue<string>();
        await using var host = await StartAsync(
            context =>
            {
                if (!Volatile.Read(ref well))
                    throw new IOException("the server is down");
                seen.Enqueue(context.Message.Text);
                return Task.CompletedTask;
            },
            endpoint => endpoint.PauseOn(pause =>
            {
                pause.When = exception => exception is IOException;
                pause.FirstInterval = TimeSpan.FromMilliseconds(100);
                pause.Probe = (_, _) =>
                {
                    Interlocked.Increment(ref probes);
                    return Volatile.Read(ref well) ? Task.CompletedTask : throw new IOException("still down");
                };
            }));
        for (var i = 0; i < 5; i++)
            await host.ProduceAsync("k", new Note($"{i}"));

        await Eventually.Until(() => probes >= 2, null, "the endpoint probes");
        (await host.HealthAsync()).Description!.ShouldContain("the server is down");
        _kafka.Records.ReadAll(_topic + ".dlt").ShouldBeEmpty();

        Volatile.Write(ref well, true);
        await Eventually.Until(() => seen.SequenceEqual(["0", "1", "2", "3", "4"]), null, "all notes are consumed, in order");
        (await host.HealthAsync()).Description.ShouldBe("ready");
        _kafka.Records.ReadAll(_topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_handlers_own_cancellation_is_a_failure_like_any_other()
    {
        await using var host = await StartAsync(_ => throw new TaskCanceledException("a timeout of its own"));
        await host.ProduceAsync("k", new Note("x"));

        var dead = await Eventually.Value(() => _kafka.Records.ReadAll(_topic + ".dlt"), records => records.Count == 1, null, "the dead letter is written");
        dead[0].Header("MT-Fault-ExceptionType").ShouldBe("MassTransit.ConsumerCanceledException");
    }

    [Test]
    public async Task A_stop_lets_running_handlers_end_and_leaves_the_rest_to_the_next_start()
    {
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var seen = new ConcurrentQueue<string>();
        async Task Consume(ConsumeContext<Note> context)
        {
            // The handler ends only once the endpoint has begun to stop: no other may begin behind it.
            await using var draining = context.GetPayload<KafkaConsumeRecord>().Draining.Register(() => release.TrySetResult());
            begun.TrySetResult();
            await release.Task;
            seen.Enqueue(context.Message.Text);
        }

        await using (var first = await StartAsync(Consume))
        {
            for (var i = 0; i < 3; i++)
                await first.ProduceAsync("k", new Note($"{i}"));
            await begun.Task.WaitAsync(Eventually.DefaultDeadline);
            await first.StopAsync();
            seen.ShouldBe(["0"]);
            _kafka.Records.Lag(_group, _topic).ShouldBe(2);
        }

        await using var second = await StartAsync(Consume);
        await Eventually.Until(() => seen.SequenceEqual(["0", "1", "2"]), null, "the rest is consumed once");
    }

    [Test]
    public async Task A_record_that_takes_long_does_not_keep_its_partition_from_being_read_further()
    {
        var release = new TaskCompletionSource();
        var seen = new ConcurrentQueue<string>();
        await using var host = await StartAsync(
            async context =>
            {
                // Slower than what follows is read, so that the partition is ahead of its handlers time and again.
                await (context.Message.Text == "0" ? release.Task : Task.Delay(TimeSpan.FromMilliseconds(20)));
                seen.Enqueue(context.Message.Text);
            },
            endpoint =>
            {
                // A share of 4, so that a paused partition is resumed as long as 2 more may be read.
                endpoint.ConcurrentMessageLimit = 4;
                endpoint.PrefetchCount = 16;
                endpoint.MessageLimit = 20;
            });
        for (var i = 0; i < 20; i++)
            await host.ProduceAsync($"k{i}", new Note($"{i}"), context => context.Partition = 0);

        await Eventually.Until(() => seen.Count >= 18, null, "what is behind the first is consumed, as far as MessageLimit allows");
        release.SetResult();
        await Eventually.Until(() => seen.Count == 20, null, "the first is consumed");
    }

    [Test]
    public async Task A_record_whose_redelivery_is_being_written_lends_its_place()
    {
        var seen = new ConcurrentQueue<string>();
        await using var proxy = KafkaProxy.Start(_kafka.BootstrapServers);
        // What the endpoint writes is acknowledged once the test is over.
        proxy.Hold(KafkaApi.Produce);
        await using var host = await StartAsync(
            context =>
            {
                seen.Enqueue(context.Message.Text);
                return context.Message.Text.StartsWith("failing", StringComparison.Ordinal) ? throw new InvalidOperationException("no") : Task.CompletedTask;
            },
            endpoint =>
            {
                endpoint.ConcurrentMessageLimit = 2;
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            },
            kafka => kafka.DeliveryTimeout = TimeSpan.FromMinutes(5),
            proxy.BootstrapServers);
        await ProduceAsync("failing 1");
        await ProduceAsync("failing 2");
        await Eventually.Until(() => seen.Count == 2, null, "both places are taken");
        await ProduceAsync("healthy");

        await Eventually.Until(() => seen.Contains("healthy"), null, "the healthy note is consumed");
        proxy.Answered(KafkaApi.Produce).ShouldBe(0);
        proxy.Release(KafkaApi.Produce);

        Task ProduceAsync(string text) => _kafka.Records.ProduceAsync(_topic, text, $$"""{"text":"{{text}}"}""");
    }

    private Task<RiderHost> StartAsync(
        Func<ConsumeContext<Note>, Task> consume, Action<IKafkaTopicReceiveEndpointConfigurator<string, Note>>? configure = null,
        Action<IKafkaFactoryConfigurator>? configureKafka = null, string? servers = null) =>
        RiderHost.StartAsync(
            servers ?? _kafka.BootstrapServers,
            rider => rider.AddProducer<string, Note>(_topic),
            (_, kafka) =>
            {
                configureKafka?.Invoke(kafka);
                kafka.TopicEndpoint<string, Note>(_topic, _group, endpoint =>
                {
                    endpoint.DelayTiers(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
                    endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
                    configure?.Invoke(endpoint);
                    endpoint.Handler<Note>(context => consume(context));
                });
            });
}
