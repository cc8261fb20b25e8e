using System.Globalization;
using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Writes what an endpoint gives up to its dead-letter topic: the original key and value byte for byte, the original headers and the
/// fault's. It returns when the record is acknowledged, so that the offset moves only then, and tries until it is: an error that
/// surfaced would run the handler again.
/// </summary>
internal sealed class DeadLetterTransport(DeadLetterWriter writer) : IErrorTransport, IDeadLetterTransport
{
    /// <inheritdoc/>
    public Task Send(ExceptionReceiveContext context) => Write(context, "fault", Fault(context));

    /// <inheritdoc/>
    public Task Send(ReceiveContext context, string reason) => Write(context, reason,
        [new(MessageHeaders.FaultMessage, "The message was not consumed: no consumer of the endpoint takes its type.")]);

    private async Task Write(ReceiveContext context, string reason, IReadOnlyList<KeyValuePair<string, string>> fault)
    {
        var received = context.GetPayload<KafkaReceiveContext>();
        using var place = received.LendPlace();
        await received.BeforeIsSettled(context.CancellationToken);
        await writer.Write(KafkaRecord.From(received.Delivery.Result), context.GetMessageId(), reason, fault, context.CancellationToken);
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
