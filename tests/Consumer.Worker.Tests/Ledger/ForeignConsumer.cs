using Confluent.Kafka;
using Testing;

namespace Consumer.Worker.Tests.Ledger;

/// <summary>A console consumer that joins a group which is not its own.</summary>
internal static class ForeignConsumer
{
    /// <summary>Reads all that the group has before it, and commits it.</summary>
    public static void TakeAway(string bootstrapServers, string topic, string group)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            // Among those that Java's consumers offer, it is what the workers take.
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
        }).Build();
        consumer.Subscribe(topic);
        var records = new KafkaRecords(bootstrapServers);
        var start = Environment.TickCount64;
        while (records.Lag(group, topic) > 0)
        {
            if (Environment.TickCount64 - start > 60_000)
                throw new TimeoutException($"{group} could not be taken over on {topic}");
            while (consumer.Consume(TimeSpan.FromMilliseconds(500)) is not null)
            {
                // Thrown away, as from a console that nobody looks at.
            }

            try
            {
                consumer.Commit();
            }
            catch (KafkaException nothing) when (nothing.Error.Code == ErrorCode.Local_NoOffset)
            {
                // Not yet given its partitions.
            }
        }

        consumer.Close();
    }
}
