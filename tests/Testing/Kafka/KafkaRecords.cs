using System.Text;
using Confluent.Kafka;

namespace Testing;

/// <summary>A record as it stands in a topic.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Timestamp">When it was produced.</param>
/// <param name="Key">Its key, as bytes.</param>
/// <param name="Value">Its value, as bytes; null for a tombstone.</param>
/// <param name="Headers">Its headers as UTF-8 text, in their order; a name can stand twice.</param>
public sealed record RawRecord(
    string Topic,
    int Partition,
    long Offset,
    DateTimeOffset Timestamp,
    byte[]? Key,
    byte[]? Value,
    IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>The key as text.</summary>
    public string? KeyText => Key is null ? null : Encoding.UTF8.GetString(Key);

    /// <summary>The value as text.</summary>
    public string? ValueText => Value is null ? null : Encoding.UTF8.GetString(Value);

    /// <summary>The last header of this name, or null.</summary>
    public string? Header(string name) => Headers.LastOrDefault(header => header.Key == name).Value;
}

/// <summary>Raw records and offsets of a Kafka: what the console tools would show.</summary>
public sealed class KafkaRecords(string bootstrapServers)
{
    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    /// <summary>Writes one record and returns where it went once all replicas have it.</summary>
    public async Task<TopicPartitionOffset> ProduceAsync(
        string topic, byte[]? key, byte[]? value, params (string Name, string Value)[] headers)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            Acks = Acks.All,
            Partitioner = Partitioner.Murmur2Random,
            MessageTimeoutMs = (int)Deadline.TotalMilliseconds,
        };
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(config).Build();
        var message = new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = [] };
        foreach (var (name, text) in headers)
            message.Headers.Add(name, Encoding.UTF8.GetBytes(text));
        return (await producer.ProduceAsync(topic, message)).TopicPartitionOffset;
    }

    /// <summary>Writes one record of texts.</summary>
    public Task<TopicPartitionOffset> ProduceAsync(string topic, string? key, string? value, params (string Name, string Value)[] headers) =>
        ProduceAsync(topic, key is null ? null : Encoding.UTF8.GetBytes(key), value is null ? null : Encoding.UTF8.GetBytes(value), headers);

    /// <summary>Every record that the topic holds at the time of the call, partition by partition, without joining a group.</summary>
    public IReadOnlyList<RawRecord> ReadAll(string topic)
    {
        using var consumer = Consumer("reader-without-group");
        var ends = Ends(consumer, topic);
        var unread = ends.Where(end => end.High > end.Low).ToDictionary(end => end.Partition, end => end.High);
        var records = new List<RawRecord>();
        if (unread.Count == 0)
            return records;

        consumer.Assign(unread.Keys.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)));
        var start = Environment.TickCount64;
        while (unread.Count > 0)
        {
            if (Environment.TickCount64 - start > Deadline.TotalMilliseconds)
                throw new TimeoutException($"Topic {topic} could not be read to its end within {Deadline.TotalSeconds} s");
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is not { } result)
                continue;
            // The end can be past the last record (a transaction's marker, compaction): the partition's end event tells.
            if (!result.IsPartitionEOF && result.Offset < unread.GetValueOrDefault(result.TopicPartition))
                records.Add(Record(result));
            if (unread.TryGetValue(result.TopicPartition, out var high) && (result.IsPartitionEOF || result.Offset + 1 >= high))
                unread.Remove(result.TopicPartition);
        }

        return [.. records.OrderBy(record => record.Partition).ThenBy(record => record.Offset)];
    }

    /// <summary>The offset after the last record, by partition.</summary>
    public IReadOnlyDictionary<int, long> EndOffsets(string topic)
    {
        using var consumer = Consumer("reader-without-group");
        return Ends(consumer, topic).ToDictionary(end => end.Partition.Partition.Value, end => end.High);
    }

    /// <summary>What a group has committed, by partition; a partition without a commit is not in it.</summary>
    public IReadOnlyDictionary<int, long> Committed(string group, string topic)
    {
        using var consumer = Consumer(group);
        return consumer.Committed(Ends(consumer, topic).Select(end => end.Partition), Deadline)
            .Where(committed => committed.Offset != Offset.Unset)
            .ToDictionary(committed => committed.Partition.Value, committed => committed.Offset.Value);
    }

    /// <summary>How many records lie between what a group has committed and the end; without a commit, from the beginning.</summary>
    public long Lag(string group, string topic)
    {
        using var consumer = Consumer(group);
        var ends = Ends(consumer, topic);
        var committed = consumer.Committed(ends.Select(end => end.Partition), Deadline)
            .ToDictionary(offset => offset.TopicPartition, offset => offset.Offset);
        return ends.Sum(end => end.High - (committed[end.Partition] == Offset.Unset ? end.Low : committed[end.Partition].Value));
    }

    private static RawRecord Record(ConsumeResult<byte[]?, byte[]?> result) =>
        new(
            result.Topic,
            result.Partition.Value,
            result.Offset.Value,
            DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(result.Message.Timestamp.UnixTimestampMs, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())),
            result.Message.Key,
            result.Message.Value,
            [.. result.Message.Headers.Select(header => KeyValuePair.Create(header.Key, Encoding.UTF8.GetString(header.GetValueBytes() ?? [])))]);

    private static List<(TopicPartition Partition, long Low, long High)> Ends(IConsumer<byte[]?, byte[]?> consumer, string topic)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var found = admin.GetMetadata(topic, Deadline).Topics.Single();
        if (found.Error.IsError)
            throw new KafkaException(found.Error);
        return
        [
            .. found.Partitions.Select(partition =>
            {
                var topicPartition = new TopicPartition(topic, partition.PartitionId);
                var watermarks = Watermarks(consumer, topicPartition);
                return (topicPartition, watermarks.Low.Value, watermarks.High.Value);
            }),
        ];
    }

    /// <summary>A broker may not know yet that it leads what the metadata says it does: a moment after the topic was created, or another broker has stopped.</summary>
    private static WatermarkOffsets Watermarks(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition)
    {
        var start = Environment.TickCount64;
        while (true)
        {
            try
            {
                return consumer.QueryWatermarkOffsets(partition, Deadline);
            }
            catch (KafkaException exception) when (
                exception.Error.Code is ErrorCode.NotLeaderForPartition or ErrorCode.UnknownTopicOrPart or ErrorCode.LeaderNotAvailable
                && Environment.TickCount64 - start < Deadline.TotalMilliseconds)
            {
                Thread.Sleep(50);
            }
        }
    }

    private IConsumer<byte[]?, byte[]?> Consumer(string group) =>
        new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = group,
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
}
