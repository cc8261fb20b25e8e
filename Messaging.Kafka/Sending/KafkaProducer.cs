using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Wire;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Sending;

/// <summary>
/// One Kafka producer, shared by all topics of a rider: a task that completes is a record acknowledged. A producer with a fatal
/// error (an idempotent producer's lost sequence) is replaced by a new one; a full queue holds back its callers.
/// </summary>
internal sealed class KafkaProducer : IRawTopicProducer, IDisposable
{
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly ProducerConfig _config;
    private readonly KafkaClientFactory _clients;
    private readonly FailingTopics _failingTopics;
    private readonly TimeProvider _timeProvider;
    private readonly KafkaRiderMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeSpan _deliveryTimeout;
    private IProducer<byte[]?, byte[]?>? _producer;
    private bool _disposed;

    public KafkaProducer(ProducerConfig config, KafkaClientFactory clients, FailingTopics failingTopics, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
    {
        _config = config;
        _clients = clients;
        _failingTopics = failingTopics;
        _timeProvider = timeProvider;
        _metrics = metrics;
        _logger = logger;
        _deliveryTimeout = TimeSpan.FromMilliseconds(config.MessageTimeoutMs ?? 10_000);
    }

    /// <summary>The rider's own defaults for what nobody has set.</summary>
    public static ProducerConfig WithDefaults(ProducerConfig config, TimeSpan deliveryTimeout)
    {
        config.Acks = Acks.All;
        config.EnableIdempotence = true;
        config.MessageTimeoutMs ??= (int)deliveryTimeout.TotalMilliseconds;

        // Java's partitioner, so that a key is on the same partition whoever writes it.
        config.Partitioner ??= Partitioner.Murmur2Random;

        // What else a report can bring is the record again, which its sender has.
        config.DeliveryReportFields = "status";
        return config;
    }

    /// <summary>
    /// Begins to connect. An idempotent producer asks the broker for its id first and, where it is not connected yet, asks again after
    /// half a second: the first record should not wait for that.
    /// </summary>
    /// <exception cref="InvalidOperationException">The client refuses a setting.</exception>
    public void Start() => Current();

    /// <inheritdoc/>
    public Task Produce(
        string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default) =>
        Produce(new TopicPartition(topic, Partition.Any), Message(key, value, headers), cancellationToken);

    /// <summary>Produces a record; completes when it is acknowledged.</summary>
    /// <exception cref="KafkaProduceException">It was not.</exception>
    public Task Produce(TopicPartition target, Message<byte[]?, byte[]?> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = _timeProvider.GetTimestamp();
        return TryEnqueue(target, message, started, out var acknowledged)
            ? acknowledged.WaitAsync(cancellationToken)
            : ProduceWhenQueueHasRoom(target, message, started, cancellationToken);
    }

    /// <summary>
    /// Produces a record that must not be lost: tries again, with growing pauses, until it is acknowledged or the token is canceled.
    /// Health says meanwhile that the topic cannot be written.
    /// </summary>
    /// <param name="topic">The topic; the key decides on the partition.</param>
    /// <param name="key">The record's key, or null.</param>
    /// <param name="value">The record's value, or null.</param>
    /// <param name="headers">The record's headers, in order.</param>
    /// <param name="cancellationToken">Ends the attempts: the record's assignment or the endpoint has ended.</param>
    /// <exception cref="KafkaRecordTooLargeException">The record is too large, and trying again would not make it smaller.</exception>
    public async Task ProduceUntilAcknowledged(
        string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        var target = new TopicPartition(topic, Partition.Any);
        var message = Message(key, value, headers);
        var pause = FirstRetry;
        for (var failed = false;; failed = true)
        {
            try
            {
                await Produce(target, message, cancellationToken);
                if (failed)
                    _failingTopics.Recovered(target.Topic);
                return;
            }
            catch (KafkaProduceException exception) when (exception is not KafkaRecordTooLargeException)
            {
                _failingTopics.Failed(target.Topic, exception);
                _logger.LogWarning(exception, "A record for topic {Topic} was not acknowledged; trying again in {Pause}", target.Topic, pause);
            }

            await Task.Delay(pause, _timeProvider, cancellationToken);
            pause = Backoff.Next(pause, LastRetry);
        }
    }

    /// <summary>Sends what is queued, for the delivery timeout at the most, and closes the producer.</summary>
    public void Dispose()
    {
        IProducer<byte[]?, byte[]?>? producer;
        lock (_lock)
        {
            _disposed = true;
            (producer, _producer) = (_producer, null);
        }

        if (producer is null)
            return;
        producer.Flush(_deliveryTimeout);
        producer.Dispose();
    }

    private static Message<byte[]?, byte[]?> Message(byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers) =>
        new() { Key = key, Value = value, Headers = headers.ToClient() };

    private async Task ProduceWhenQueueHasRoom(
        TopicPartition target, Message<byte[]?, byte[]?> message, long started, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(QueueFullPause, _timeProvider, cancellationToken);
            if (TryEnqueue(target, message, started, out var acknowledged))
            {
                await acknowledged.WaitAsync(cancellationToken);
                return;
            }

            if (_timeProvider.GetElapsedTime(started) > _deliveryTimeout)
            {
                throw new KafkaProducerQueueFullException(target.Topic,
                    $"The producer's queue stayed full for {_deliveryTimeout.TotalSeconds:0.#} s: Kafka is away, or slower than what is produced. " +
                    "Produce less at once, or raise queue.buffering.max.messages.");
            }
        }
    }

    /// <summary>Gives a record to the client.</summary>
    /// <returns>False where the client's queue is full.</returns>
    private bool TryEnqueue(TopicPartition target, Message<byte[]?, byte[]?> message, long started, out Task acknowledged)
    {
        var producer = Current();
        var acknowledgement = new Acknowledgement(this, producer, started);
        acknowledged = acknowledgement.Task;
        try
        {
            producer.Produce(target, message, acknowledgement.Settle);
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (ProduceException<byte[]?, byte[]?> exception)
        {
            Replace(producer, exception.Error);
            throw ToException(target.Topic, exception.Error, PersistenceStatus.NotPersisted, exception);
        }
    }

    private IProducer<byte[]?, byte[]?> Current()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _producer ??= _clients.CreateProducer(_config);
        }
    }

    /// <summary>A fatal error never heals: the next record gets a new producer, and the old one ends behind it.</summary>
    private void Replace(IProducer<byte[]?, byte[]?> producer, Error error)
    {
        if (!error.IsFatal)
            return;
        lock (_lock)
        {
            if (!ReferenceEquals(_producer, producer))
                return;
            _producer = null;
        }

        _logger.LogError("The Kafka producer had a fatal error and is replaced: {Reason}", error.Reason);
        ThreadPool.UnsafeQueueUserWorkItem(static old => old.Dispose(), producer, preferLocal: false);
    }

    private static KafkaProduceException ToException(string topic, Error error, PersistenceStatus status, Exception cause)
    {
        if (error.Code == ErrorCode.MsgSizeTooLarge)
        {
            return new KafkaRecordTooLargeException(topic,
                $"A record for topic {topic} is larger than message.max.bytes: make it smaller, or raise the limit of topic and producer.", cause);
        }

        var outcome = status == PersistenceStatus.NotPersisted ? ProduceOutcome.NotWritten : ProduceOutcome.Unknown;
        var known = outcome == ProduceOutcome.NotWritten ? "It was not written." : "It may have been written all the same.";
        return new KafkaProduceException(topic, outcome, $"A record for topic {topic} was not acknowledged: {error.Reason}. {known}", cause);
    }

    /// <summary>What the broker says of one record. Whoever waits for it goes on elsewhere: the client's thread has the other reports to bring.</summary>
    private sealed class Acknowledgement(KafkaProducer owner, IProducer<byte[]?, byte[]?> producer, long started)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public void Settle(DeliveryReport<byte[]?, byte[]?> report)
        {
            var took = owner._timeProvider.GetElapsedTime(started);
            if (!report.Error.IsError)
            {
                owner._metrics.Sent(report.Topic, took, null);
                SetResult();
                return;
            }

            owner._metrics.Sent(report.Topic, took, report.Error.Code.ToString());
            owner.Replace(producer, report.Error);
            SetException(ToException(report.Topic, report.Error, report.Status, new KafkaException(report.Error)));
        }
    }
}
