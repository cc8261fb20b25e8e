using System.Threading.Channels;
using Confluent.Kafka;
using Messaging.Bench.Running;
using Messaging.Kafka.Receiving;

namespace Messaging.Bench.Rider;

/// <summary>
/// MassTransit's own rider by its shape, on Kafka's client alone: one consumer, the records of a partition one after the other, partitions
/// beside one another, and offsets committed by count. It has no pipe, so what it costs is less than that rider's.
/// </summary>
internal static class ByPartition
{
    private const int CheckpointMessageCount = 5_000;

    /// <summary>Consumes a backlog.</summary>
    public static Func<ScenarioInput, Task<Measurement>> Consume(Func<Task> work) => async input =>
    {
        await ConsumeAsync(input, input.WarmUpTopic, input.WarmUp, work);
        return await ConsumeAsync(input, input.Topic, input.Records, work);
    };

    private static async Task<Measurement> ConsumeAsync(ScenarioInput input, string topic, int records, Func<Task> work)
    {
        GC.Collect();
        var stretch = new Stretch(records);
        var config = ConsumerSettings.WithDefaults(new ConsumerConfig { BootstrapServers = input.BootstrapServers, GroupId = $"{topic}-{Guid.NewGuid():N}" });
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
        consumer.Subscribe(topic);
        var partitions = new Dictionary<Partition, Channel<ConsumeResult<byte[], byte[]>>>();
        var workers = new List<Task>();
        for (var read = 0; read < records;)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is not { IsPartitionEOF: false } result)
                continue;
            read++;
            if (!partitions.TryGetValue(result.Partition, out var queue))
            {
                partitions[result.Partition] = queue = Channel.CreateUnbounded<ConsumeResult<byte[], byte[]>>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
                workers.Add(Task.Run(() => HandleAsync(consumer, queue.Reader, work, stretch)));
            }

            queue.Writer.TryWrite(result);
        }

        var measurement = await stretch.Measured;
        foreach (var queue in partitions.Values)
            queue.Writer.Complete();
        await Task.WhenAll(workers);
        consumer.Close();
        return measurement;
    }

    private static async Task HandleAsync(IConsumer<byte[], byte[]> consumer, ChannelReader<ConsumeResult<byte[], byte[]>> records, Func<Task> work, Stretch stretch)
    {
        var handled = 0;
        await foreach (var record in records.ReadAllAsync())
        {
            await work();
            if (++handled % CheckpointMessageCount == 0)
                consumer.Commit(record);
            stretch.Ended();
        }
    }
}
