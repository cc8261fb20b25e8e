using Confluent.Kafka;
using MassTransit;
using Messaging.Bench.Running;
using Messaging.Kafka.Sending;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Bench.Rider;

/// <summary>The ways to produce, each acknowledgement awaited, 1,000 under way at once.</summary>
internal static class ProduceScenarios
{
    private const int InFlight = 1_000;

    /// <summary>Through <c>ITopicProducer</c>.</summary>
    public static async Task<Measurement> Rider(ScenarioInput input)
    {
        await ProduceAsync(input.WarmUpTopic, input.WarmUp);
        return await ProduceAsync(input.Topic, input.Records);

        async Task<Measurement> ProduceAsync(string topic, int records)
        {
            await using var process = await RiderProcess.Build(
                input.BootstrapServers, _ => { }, rider => rider.AddProducer<string, BenchMail>(topic), (_, _) => { }).StartAsync();
            await using var scope = process.Services.CreateAsyncScope();
            var producer = scope.ServiceProvider.GetRequiredService<ITopicProducer<string, BenchMail>>();
            return await MeasureAsync(records, (key, mail) => producer.Produce(key, mail));
        }
    }

    /// <summary>Through <c>ProduceAsync</c> of Kafka's client with the rider's settings, the bytes ready-made and without headers.</summary>
    public static async Task<Measurement> Bare(ScenarioInput input)
    {
        await ProduceAsync(input.WarmUpTopic, input.WarmUp);
        return await ProduceAsync(input.Topic, input.Records);

        async Task<Measurement> ProduceAsync(string topic, int records)
        {
            var config = KafkaProducer.WithDefaults(new ProducerConfig { BootstrapServers = input.BootstrapServers }, TimeSpan.FromSeconds(10));
            using var producer = new ProducerBuilder<byte[], byte[]>(config).Build();
            var value = BenchMail.Of(0).ToBytes();
            var keys = Enumerable.Range(0, 500).Select(number => System.Text.Encoding.UTF8.GetBytes(BenchMail.KeyText(number))).ToList();
            return await MeasureAsync(records, (_, mail) => producer.ProduceAsync(topic, new Message<byte[], byte[]> { Key = keys[mail.Number % keys.Count], Value = value }));
        }
    }

    private static async Task<Measurement> MeasureAsync(int records, Func<string, BenchMail, Task> produce)
    {
        // Made before, so that neither side's figures hold the mails themselves.
        var mails = Enumerable.Range(0, records).Select(number => (Key: BenchMail.KeyText(number), Mail: BenchMail.Of(number))).ToList();
        await produce(mails[0].Key, mails[0].Mail);
        GC.Collect();
        var stretch = new Stretch(records);
        var next = -1;
        stretch.Begin();
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < records; i = Interlocked.Increment(ref next))
            {
                await produce(mails[i].Key, mails[i].Mail);
                stretch.Ended();
            }
        })));
        return await stretch.Measured;
    }
}
