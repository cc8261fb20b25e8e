using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Inspection;

/// <summary>
/// Writes records byte for byte without a rider, for a tool that puts one back: acknowledged by all in-sync replicas, on the partition
/// of its key. Its client connects with the first record.
/// </summary>
public sealed class RecordWriter(ClientConfig config, ILogger<RecordWriter> logger) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Lazy<IProducer<byte[]?, byte[]?>> _producer = new(() => new KafkaClientFactory(config, null, logger)
        .CreateProducer(KafkaProducer.WithDefaults(new ProducerConfig { MessageMaxBytes = config.MessageMaxBytes }, Timeout)));

    /// <summary>Writes a record; completes when it is acknowledged.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="headers">The headers.</param>
    /// <returns>Where it lies.</returns>
    /// <exception cref="KafkaException">It was not acknowledged, and may have been written all the same.</exception>
    public async Task<TopicPartitionOffset> WriteAsync(string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers) =>
        (await _producer.Value.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = headers.ToClient() })).TopicPartitionOffset;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_producer.IsValueCreated)
            _producer.Value.Dispose();
    }
}
