using System.Globalization;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Writes what an endpoint gives up to its dead-letter topic: the original key and value byte for byte, the original headers and the
/// fault's. It returns when the record is acknowledged, so that the offset moves only then, and tries until it is: an error that
/// surfaced would run the handler again.
/// </summary>
internal sealed class DeadLetterTransport(KafkaProducer producer, string topic, string group, OnwardWriteHealth health, KafkaRiderMetrics metrics) : IErrorTransport, IDeadLetterTransport
{
    /// <inheritdoc/>
    public Task Send(ExceptionReceiveContext context) => Write(context, "fault", Fault(context));

    /// <inheritdoc/>
    public Task Send(ReceiveContext context, string reason) => Write(context, reason,
        [new(MessageHeaders.FaultMessage, "The message was not consumed: no consumer of the endpoint takes its type.")]);

    private async Task Write(ReceiveContext context, string reason, IReadOnlyList<KeyValuePair<string, string>> fault)
    {
        var record = context.GetPayload<KafkaReceiveContext>();
        var origin = new RecordOrigin(record.Topic, record.Partition, record.Offset, record.Timestamp.ToUnixTimeMilliseconds(), group);
        var message = new Message<byte[]?, byte[]?>
        {
            Key = record.Key,
            Value = record.Value,
            Headers = FaultHeaders.Compose(record.RecordHeaders, context.GetMessageId(), reason, fault, origin).ToClient(),
        };
        using var place = record.LendPlace();
        await producer.ProduceUntilAcknowledged(
            new TopicPartition(topic, Partition.Any), message, exception => health.Report(topic, exception), context.CancellationToken);
        metrics.DeadLettered(record.Topic, reason);
    }

    private static List<KeyValuePair<string, string>> Fault(ExceptionReceiveContext context)
    {
        var exception = context.Exception.GetBaseException();
        var fault = new List<KeyValuePair<string, string>>
        {
            new(MessageHeaders.FaultExceptionType, TypeCache.GetShortName(exception.GetType())),
            new(MessageHeaders.FaultMessage, exception.Message),
            new(MessageHeaders.FaultTimestamp, context.ExceptionTimestamp.ToString("O", CultureInfo.InvariantCulture)),
            new(MessageHeaders.FaultInputAddress, context.InputAddress.ToString()),
        };
        // What the exception says in headers of its own: see the rider's manual.
        foreach (System.Collections.DictionaryEntry entry in exception.Data)
        {
            if (entry is { Key: string name, Value: string value } && name.StartsWith("MT-Fault-", StringComparison.Ordinal))
                fault.Add(new(name, value));
        }

        if (context.TryGetPayload(out ConsumerFaultContext? consumer))
        {
            fault.Add(new(MessageHeaders.FaultConsumerType, consumer.ConsumerType));
            fault.Add(new(MessageHeaders.FaultMessageType, consumer.MessageType));
        }

        if (context.TryGetPayload(out RetryContext? retry) && retry.RetryCount > 0)
            fault.Add(new(MessageHeaders.FaultRetryCount, retry.RetryCount.ToString(CultureInfo.InvariantCulture)));
        fault.Add(new(MessageHeaders.FaultStackTrace, exception.StackTrace ?? ""));
        return fault;
    }
}

/// <summary>Which of an endpoint's outbox entries (dead letters, delays) fail now; health shows it.</summary>
internal sealed class OnwardWriteHealth
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, KafkaProduceException> _failing = [];

    /// <summary>The topics that cannot be written now, with the last error of each.</summary>
    public IReadOnlyDictionary<string, KafkaProduceException> Failing
    {
        get
        {
            lock (_lock)
                return new Dictionary<string, KafkaProduceException>(_failing);
        }
    }

    /// <summary>Notes a failure, or with null that it went well again.</summary>
    public void Report(string topic, KafkaProduceException? exception)
    {
        lock (_lock)
        {
            if (exception is null)
                _failing.Remove(topic);
            else
                _failing[topic] = exception;
        }
    }
}
