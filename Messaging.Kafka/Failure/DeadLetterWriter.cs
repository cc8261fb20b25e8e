using System.Globalization;
using System.Security.Cryptography;
using MassTransit;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Writes a dead letter so that its offset can move: the record with the fault's headers; where that is larger than the topic takes,
/// with the shortest ones; then to the application, where it takes such records; then without the record's own bytes, which stay in the
/// topic they came from.
/// </summary>
internal sealed class DeadLetterWriter(
    OnwardProducer producer, string topic, string group, Func<KafkaRecord, CancellationToken, Task>? takeTooLarge,
    KafkaRiderMetrics metrics, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>The longest fault text of a dead letter that does not fit with more.</summary>
    private const int ShortText = 200;

    /// <summary>How many bytes a key, or all headers, may have to go into a dead letter without its value.</summary>
    private const int SmallEnough = 4 * 1024;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    /// <summary>Writes a dead letter; returns when it is acknowledged, or the application has taken it.</summary>
    /// <param name="record">The record as it was read.</param>
    /// <param name="messageId">Its message id, where it has none in its headers.</param>
    /// <param name="reason"><c>fault</c> or <c>dead-letter</c>.</param>
    /// <param name="fault">The fault's headers, type and message of the exception first.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public async Task Write(
        KafkaRecord record, Guid? messageId, string reason, IReadOnlyList<KeyValuePair<string, string>> fault, CancellationToken cancellationToken)
    {
        var headers = FaultHeaders.Compose(record.Headers, messageId, reason, fault, Origin(record));
        if (!await TryWrite(record.Key, record.Value, headers, cancellationToken))
        {
            var brief = FaultHeaders.Compose(record.Headers, messageId, reason, Brief(fault), Origin(record));
            if (!await TryWrite(record.Key, record.Value, brief, cancellationToken))
                await GiveAway(record, messageId, reason, fault, headers, cancellationToken);
        }

        metrics.DeadLettered(record.Topic, reason);
    }

    private async Task<bool> TryWrite(byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        try
        {
            await producer.Produce(topic, key, value, headers, cancellationToken);
            return true;
        }
        catch (KafkaRecordTooLargeException)
        {
            return false;
        }
    }

    private async Task GiveAway(
        KafkaRecord record, Guid? messageId, string reason, IReadOnlyList<KeyValuePair<string, string>> fault, IReadOnlyList<KafkaHeader> headers,
        CancellationToken cancellationToken)
    {
        metrics.DeadLetterTooLarge(record.Topic, takeTooLarge is null ? "value_left_out" : "taken");
        if (takeTooLarge is not null)
        {
            logger.LogWarning(
                "The record {Topic}/{Partition}/{Offset} is larger than {DeadLetterTopic} takes, and is given to the application instead",
                record.Topic, record.Partition, record.Offset, topic);
            await Take(takeTooLarge, record, headers, cancellationToken);
            return;
        }

        logger.LogError(
            "The record {Topic}/{Partition}/{Offset} is larger than {DeadLetterTopic} takes: its dead letter has no value. The record itself stays where it is until its retention ends; raise max.message.bytes of {DeadLetterTopic}, or take such records by OnDeadLetterTooLarge",
            record.Topic, record.Partition, record.Offset, topic, topic);
        var original = record.Headers.Sum(header => header.Name.Length + (header.Value?.Length ?? 0)) <= SmallEnough ? record.Headers : [];
        List<KafkaHeader> stub =
        [
            .. FaultHeaders.Compose(original, messageId, reason, Brief(fault), Origin(record)),
            KafkaHeaders.Text(FaultHeaders.OriginalSize, (record.Value?.Length ?? 0).ToString(CultureInfo.InvariantCulture)),
            KafkaHeaders.Text(FaultHeaders.OriginalSha256, Convert.ToHexStringLower(SHA256.HashData(record.Value ?? []))),
        ];
        await producer.Produce(topic, record.Key is { Length: > SmallEnough } ? null : record.Key, null, stub, cancellationToken);
    }

    /// <summary>As any handler of records: what it throws is logged, and it is asked again.</summary>
    private async Task Take(
        Func<KafkaRecord, CancellationToken, Task> take, KafkaRecord record, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        var letter = record.With(headers);
        for (var pause = FirstRetry; ; pause = Backoff.Next(pause, LastRetry))
        {
            try
            {
                await take(letter, cancellationToken);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                logger.LogError(
                    exception, "The record {Topic}/{Partition}/{Offset}, too large for a dead letter, was not taken, and is given again in {Pause}",
                    record.Topic, record.Partition, record.Offset, pause);
            }

            await Task.Delay(pause, timeProvider, cancellationToken);
        }
    }

    private RecordOrigin Origin(KafkaRecord record) =>
        new(record.Topic, record.Partition, record.Offset, record.Timestamp.ToUnixTimeMilliseconds(), group);

    private static IReadOnlyList<KeyValuePair<string, string>> Brief(IReadOnlyList<KeyValuePair<string, string>> fault) =>
        [.. fault.Take(2).Select(text => KeyValuePair.Create(text.Key, FaultHeaders.Cut(text.Value, ShortText)))];
}
