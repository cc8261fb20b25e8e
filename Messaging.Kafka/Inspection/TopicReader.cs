using Confluent.Kafka;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Inspection;

/// <summary>A stretch of a partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="From">The first offset.</param>
/// <param name="To">The offset after the last.</param>
public sealed record PartitionStretch(string Topic, int Partition, long From, long To);

/// <summary>
/// Reads records as they lie in their topics, by a consumer that is told its partitions: it is a member of no group, takes nothing
/// away from anybody and commits nothing. Records of transactions that were aborted, or are not over, are none. Memory does not grow with
/// what is read.
/// </summary>
public sealed class TopicReader(ClientConfig config, TimeProvider timeProvider, ILogger<TopicReader> logger)
{
    private const string Group = "topic-reader-without-a-group";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads stretches from their beginning to their end, each in order, several partitions in turn. Blocks while it waits for Kafka.
    /// What retention deletes meanwhile is passed over.
    /// </summary>
    /// <param name="stretches">What to read.</param>
    /// <param name="timeout">How long Kafka may be silent.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="KafkaException">Kafka was silent too long, or refuses.</exception>
    public IEnumerable<KafkaRecord> Read(IReadOnlyList<PartitionStretch> stretches, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stretches);
        var unread = stretches.Where(stretch => stretch.To > stretch.From)
            .ToDictionary(stretch => new TopicPartition(stretch.Topic, stretch.Partition), stretch => stretch.To);
        if (unread.Count == 0)
            yield break;

        using var consumer = new KafkaClientFactory(config, null, logger).CreateConsumerBuilder(Settings()).Build();
        consumer.Assign(stretches.Where(stretch => stretch.To > stretch.From)
            .Select(stretch => new TopicPartitionOffset(stretch.Topic, stretch.Partition, stretch.From)));
        var heard = timeProvider.GetTimestamp();
        while (unread.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Consume(consumer) is not { } result)
            {
                if (timeProvider.GetElapsedTime(heard) > timeout)
                    throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"Kafka was silent for {timeout} with {string.Join(", ", unread.Keys)} not read to the end"));
                continue;
            }

            heard = timeProvider.GetTimestamp();
            if (!unread.TryGetValue(result.TopicPartition, out var end))
                continue;
            // The end can lie past the last record (a transaction's marker, compaction): the partition's end event tells.
            if (result.IsPartitionEOF || result.Offset + 1 >= end)
            {
                unread.Remove(result.TopicPartition);
                consumer.Pause([result.TopicPartition]);
            }

            if (!result.IsPartitionEOF && result.Offset < end)
                yield return KafkaRecord.From(result);
        }
    }

    // A group's name is required of every consumer; one that is told its partitions and commits nothing never shows in the group.
    /// <summary>One record; null where none came. What the brokers refuse is named.</summary>
    private static ConsumeResult<byte[]?, byte[]?>? Consume(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            return consumer.Consume(Poll);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            throw new KafkaException(new Error(exception.Error.Code, $"the brokers deny DESCRIBE on group {Group}"), exception);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.TopicAuthorizationFailed)
        {
            throw new KafkaException(new Error(exception.Error.Code, $"the brokers deny READ on topic {exception.ConsumerRecord.Topic}"), exception);
        }
    }

    private static ConsumerConfig Settings() => new()
    {
        GroupId = Group,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        EnablePartitionEof = true,
        AutoOffsetReset = AutoOffsetReset.Earliest,
        IsolationLevel = IsolationLevel.ReadCommitted,
        QueuedMaxMessagesKbytes = 16 * 1024,
    };
}
