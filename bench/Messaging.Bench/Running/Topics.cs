using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Messaging.Bench.Running;

/// <summary>A record to fill a topic with.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record BenchRecord(byte[] Key, byte[] Value, IReadOnlyList<KeyValuePair<string, byte[]>> Headers);

/// <summary>Creates, fills and in the end deletes the topics of a run.</summary>
/// <param name="bootstrapServers">The broker.</param>
/// <param name="suiteRecord">The record of a number, where a row has none of its own.</param>
internal sealed class Topics(string bootstrapServers, Func<int, BenchRecord> suiteRecord) : IAsyncDisposable
{
    private const int Partitions = 4;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly string _prefix = $"bench-{Guid.NewGuid().ToString("N")[..8]}";
    private readonly Dictionary<(int, Func<int, BenchRecord>), string> _shared = [];
    private readonly IAdminClient _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers }).Build();
    private int _created;

    /// <summary>Makes what one measurement of a row needs.</summary>
    public async Task<ScenarioInput> PrepareAsync(Row row, double scale)
    {
        var records = Math.Max(1, (int)(row.Records * scale));
        var warmUp = Math.Max(1, (int)(row.WarmUp * scale));
        var record = row.Record ?? suiteRecord;
        var (topic, warmUpTopic) = row.Source switch
        {
            RecordSource.SharedBacklog => (await SharedAsync(records, record), await SharedAsync(warmUp, record)),
            RecordSource.OwnBacklog => (await FilledAsync(records, record), await FilledAsync(warmUp, record)),
            _ => (await FilledAsync(0, record), await FilledAsync(0, record)),
        };
        return new ScenarioInput(bootstrapServers, topic, warmUpTopic, records, warmUp, scale);
    }

    /// <summary>Deletes all of them, also those that the subjects have made beside them: delay and dead-letter topics.</summary>
    public async ValueTask DisposeAsync()
    {
        var mine = _admin.GetMetadata(Timeout).Topics.ConvertAll(topic => topic.Topic).FindAll(topic => topic.StartsWith(_prefix, StringComparison.Ordinal));
        if (mine.Count > 0)
            await _admin.DeleteTopicsAsync(mine);
        _admin.Dispose();
    }

    private async Task<string> SharedAsync(int records, Func<int, BenchRecord> record)
    {
        if (!_shared.TryGetValue((records, record), out var topic))
            _shared[(records, record)] = topic = await FilledAsync(records, record);
        return topic;
    }

    private async Task<string> FilledAsync(int records, Func<int, BenchRecord> record)
    {
        var topic = $"{_prefix}-{++_created}";
        await _admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
        if (records > 0)
            Fill(topic, records, record);
        return topic;
    }

    private void Fill(string topic, int records, Func<int, BenchRecord> record)
    {
        var failed = (Error?)null;
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            EnableIdempotence = true,
            LingerMs = 20,
            Partitioner = Partitioner.Murmur2Random,
        }).Build();
        for (var number = 0; number < records; number++)
        {
            var (key, value, headers) = record(number);
            var message = new Message<byte[], byte[]> { Key = key, Value = value, Headers = [] };
            foreach (var (name, text) in headers)
                message.Headers.Add(name, text);
            while (!TryProduce(producer, topic, message, report => failed = report.Error.IsError ? report.Error : failed))
                producer.Poll(TimeSpan.FromMilliseconds(20));
        }

        producer.Flush(Timeout);
        if (failed is not null)
            throw new KafkaException(failed);
    }

    private static bool TryProduce(IProducer<byte[], byte[]> producer, string topic, Message<byte[], byte[]> message, Action<DeliveryReport<byte[], byte[]>> report)
    {
        try
        {
            producer.Produce(topic, message, report);
            return true;
        }
        catch (ProduceException<byte[], byte[]> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }
}
