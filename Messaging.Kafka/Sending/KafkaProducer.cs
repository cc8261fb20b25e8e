using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Wire;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Sending;

/// <summary>
/// One Kafka producer, shared by all topics of a rider: a task that completes is a record acknowledged. A client with a fatal error (an
/// idempotent producer's lost sequence), or that does not come through while Kafka answers, is replaced; a full queue holds back callers.
/// </summary>
internal sealed class KafkaProducer : IRawTopicProducer
{
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly ProducerConfig _config;
    private readonly KafkaHost _host;
    private readonly ILogger _logger;
    private readonly TimeSpan _deliveryTimeout;
    private readonly ClientWatch _watch;
    private readonly Action<Acknowledgement, Error> _settled;
    private readonly Func<Acknowledgement, Task>? _sendAlone;
    private readonly Lazy<KafkaProducer>? _alone;
    private readonly List<Task> _closing = [];
    private ProducerClient? _client;
    private bool _closed;

    /// <param name="config">The client's settings.</param>
    /// <param name="host">Its host.</param>
    /// <param name="alone">
    /// The producer whose client sends each record in a batch of its own: a broker refuses a batch as a whole, and the client tells each of
    /// its records that it is too large. Made with the first such record; null: this is one.
    /// </param>
    public KafkaProducer(ProducerConfig config, KafkaHost host, Lazy<KafkaProducer>? alone)
    {
        _alone = alone;
        _sendAlone = alone is null ? null : SendAlone;
        _config = config;
        _host = host;
        _logger = host.Loggers.CreateLogger<KafkaProducer>();
        _deliveryTimeout = TimeSpan.FromMilliseconds(config.MessageTimeoutMs ?? 15_000);
        _watch = new ClientWatch(host.ReviveAfter, host.Time);
        _settled = Settled;
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

    /// <summary>Takes records, again where it was closed.</summary>
    public void Open()
    {
        lock (_lock)
            _closed = false;
    }

    /// <summary>
    /// Begins to connect. An idempotent producer asks the broker for its id first and, where it is not connected yet, asks again after
    /// half a second: the first record should not wait for that.
    /// </summary>
    /// <exception cref="InvalidOperationException">The client refuses a setting.</exception>
    public void Connect() => Current();

    /// <inheritdoc/>
    public Task Produce(
        string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken = default) =>
        Produce(new TopicPartition(topic, Partition.Any), Message(key, value, headers), cancellationToken);

    /// <summary>Produces a record; completes when it is acknowledged.</summary>
    /// <exception cref="KafkaProduceException">It was not.</exception>
    public Task Produce(TopicPartition target, Message<byte[]?, byte[]?> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = _host.Time.GetTimestamp();
        return TryEnqueue(target, message, started, cancellationToken, out var acknowledged)
            ? acknowledged
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
    /// <exception cref="KafkaProducerClosedException">The rider has stopped.</exception>
    public async Task ProduceUntilAcknowledged(
        string topic, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        var target = new TopicPartition(topic, Partition.Any);
        var message = Message(key, value, headers);
        var pause = FirstRetry;
        for (var failed = false; ; failed = true)
        {
            try
            {
                await Produce(target, message, cancellationToken);
                if (failed)
                    _host.FailingTopics.Recovered(target.Topic);
                return;
            }
            catch (KafkaProduceException exception) when (exception is not (KafkaRecordTooLargeException or KafkaProducerClosedException))
            {
                _host.FailingTopics.Failed(target.Topic, exception);
                _logger.LogWarning(exception, "A record for topic {Topic} was not acknowledged; trying again in {Pause}", target.Topic, pause);
            }

            await Task.Delay(pause, _host.Time, cancellationToken);
            pause = Backoff.Next(pause, LastRetry);
        }
    }

    /// <summary>Sends what is queued, for the delivery timeout at the most, and closes the client, and those it has replaced.</summary>
    public void Close()
    {
        ProducerClient? client;
        lock (_lock)
        {
            _closed = true;
            (client, _client) = (_client, null);
        }

        if (client is not null)
            Close(client);
        Task[] closing;
        lock (_lock)
            closing = [.. _closing];
        Task.WaitAll(closing);
    }

    private static Message<byte[]?, byte[]?> Message(byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers) =>
        new() { Key = key, Value = value, Headers = headers.ToClient() };

    private async Task ProduceWhenQueueHasRoom(
        TopicPartition target, Message<byte[]?, byte[]?> message, long started, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(QueueFullPause, _host.Time, cancellationToken);
            if (TryEnqueue(target, message, started, cancellationToken, out var acknowledged))
            {
                await acknowledged;
                return;
            }

            if (_host.Time.GetElapsedTime(started) > _deliveryTimeout)
            {
                throw new KafkaProducerQueueFullException(target.Topic,
                    $"The producer's queue stayed full for {_deliveryTimeout.TotalSeconds:0.#} s: Kafka is away, or slower than what is produced. " +
                    "Produce less at once, or raise queue.buffering.max.messages.");
            }
        }
    }

    /// <summary>Gives a record to the client; one that a client refuses because it has failed goes to its successor.</summary>
    /// <returns>False where the client's queue is full.</returns>
    private bool TryEnqueue(TopicPartition target, Message<byte[]?, byte[]?> message, long started, CancellationToken cancellationToken, out Task acknowledged)
    {
        for (var refused = false; ;)
        {
            var client = Current() ?? throw new KafkaProducerClosedException(target.Topic);
            var acknowledgement = new Acknowledgement(client, target, message, _settled, _sendAlone) { Started = started };
            acknowledged = acknowledgement.Task;
            acknowledgement.CancelBy(cancellationToken);
            var enqueued = false;
            try
            {
                enqueued = client.TryProduce(target, message, acknowledgement);
                if (enqueued)
                    return true;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                return false;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (!refused && IsFatal(exception.Error))
            {
                refused = true;
                Failed(client, exception.Error);
            }
            catch (ProduceException<byte[]?, byte[]?> exception)
            {
                throw ToException(target.Topic, exception.Error, PersistenceStatus.NotPersisted, exception);
            }
            finally
            {
                if (!enqueued)
                    acknowledgement.Withdraw();
            }
        }
    }

    /// <summary>
    /// Whether a client takes no record any more. It says so by the error that it failed of, which is not marked as fatal: other than a
    /// record too large, a broker's error cannot come from a record that no broker has seen.
    /// </summary>
    private static bool IsFatal(Error error) =>
        error.Code == ErrorCode.Local_Fatal || (error.IsBrokerError && error.Code != ErrorCode.MsgSizeTooLarge);

    /// <summary>The client, made where there is none yet; null once the producer is closed.</summary>
    private ProducerClient? Current()
    {
        lock (_lock)
            return _closed ? null : _client ??= new ProducerClient(_config, _host.Clients, Failed);
    }

    /// <summary>A fatal error never heals. Only the client's error handler tells that one is: not a produce, not a delivery report.</summary>
    private void Failed(ProducerClient client, Error error)
    {
        if (Replace(client, error.Code.ToString()))
            _logger.LogError("The Kafka producer had a fatal error and is replaced: {Reason}", error.Reason);
    }

    /// <summary>A record is settled: whether the client works shows in that alone.</summary>
    private void Settled(Acknowledgement acknowledgement, Error error)
    {
        _host.Metrics.Sent(acknowledgement.Topic, _host.Time.GetElapsedTime(acknowledgement.Started), error.IsError ? error.Code.ToString() : null);
        if (error.IsError)
            _host.FailingPartitions.Failed(new TopicPartition(acknowledgement.Topic, acknowledgement.Partition), error);
        else if (_host.FailingPartitions.Any)
            _host.FailingPartitions.Succeeded(new TopicPartition(acknowledgement.Topic, acknowledgement.Partition));
        if (error.Code is not (ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOut))
        {
            if (!error.IsError)
                _watch.Works();
            return;
        }

        switch (_watch.Fails(_host.Cluster.Answers))
        {
            case ClientRemedy.AddBrokers:
                _logger.LogWarning("Records have timed out for {Duration} while Kafka answers: the producer is given its brokers again", _host.ReviveAfter);
                _host.Metrics.Recovered("producer", ClientRemedy.AddBrokers, null);
                acknowledgement.Client.Revive();
                break;
            case ClientRemedy.Replace when Replace(acknowledgement.Client, error.Code.ToString()):
                _logger.LogError("Records time out while Kafka answers, with all brokers given again: the producer is replaced");
                break;
        }
    }

    /// <summary>Sends a record again whose batch was too large: it may be another one's fault, or that of all of them together.</summary>
    private async Task SendAlone(Acknowledgement acknowledgement)
    {
        try
        {
            await _alone!.Value.Produce(acknowledgement.Target, acknowledgement.Message, CancellationToken.None);
            acknowledgement.Succeed();
        }
        // Whatever it is, its sender is told.
        catch (Exception exception)
        {
            acknowledgement.Fail(exception);
        }
    }

    /// <summary>The next record gets another client; this one ends behind what it has taken.</summary>
    /// <returns>False where another thread has done it.</returns>
    private bool Replace(ProducerClient client, string error)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_client, client))
                return false;
            _client = null;
        }

        _host.Metrics.Recovered("producer", ClientRemedy.Replace, error);
        Close(client);
        return true;
    }

    private void Close(ProducerClient client)
    {
        if (!client.Retire())
            return;
        // On a thread of its own: it blocks, and whoever tells of a client's end may be that client's own thread.
        var closing = Task.Factory.StartNew(() => client.Close(_deliveryTimeout), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        lock (_lock)
        {
            _closing.RemoveAll(task => task.IsCompleted);
            _closing.Add(closing);
        }
    }

    /// <summary>An error as the sender sees it.</summary>
    internal static KafkaProduceException ToException(string topic, Error error, PersistenceStatus status, Exception cause)
    {
        if (error.Code == ErrorCode.MsgSizeTooLarge)
        {
            return new KafkaRecordTooLargeException(topic,
                $"A record for topic {topic} is larger than message.max.bytes: make it smaller, or raise the limit of topic and producer.", cause);
        }

        if (error.Code == ErrorCode.TopicAuthorizationFailed)
            return new KafkaProduceException(topic, ProduceOutcome.NotWritten, $"A record for topic {topic} was not written: WRITE on topic {topic} is refused.", cause);

        var outcome = status == PersistenceStatus.NotPersisted ? ProduceOutcome.NotWritten : ProduceOutcome.Unknown;
        var known = outcome == ProduceOutcome.NotWritten ? "It was not written." : "It may have been written all the same.";
        return new KafkaProduceException(topic, outcome, $"A record for topic {topic} was not acknowledged: {error.Reason}. {known}", cause);
    }
}
