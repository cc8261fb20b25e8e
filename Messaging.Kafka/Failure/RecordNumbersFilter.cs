using MassTransit;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Failure;

/// <summary>
/// Refuses a record whose timestamp is not a time or whose redelivery count is not a count, with the reason, before anybody reckons
/// with them: it is the record's failure, and goes to the dead-letter topic. It stands outside of redelivery, which reads the count.
/// </summary>
internal sealed class RecordNumbersFilter : IFilter<ConsumeContext>
{
    public Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        var message = context.ReceiveContext.GetPayload<KafkaReceiveContext>().Delivery.Result.Message;
        if (!RecordNumbers.IsTime(message.Timestamp))
        {
            throw new InvalidDataException(
                $"The record's timestamp is {message.Timestamp.UnixTimestampMs}; milliseconds since 1970 are expected, within the years 1 to 9999. Does its producer write other units?");
        }

        if (context.ReceiveContext.Redelivered
            && KafkaHeaders.FindText(message.Headers, MessageHeaders.RedeliveryCount) is var count && RecordNumbers.Count(count) is null)
        {
            throw new InvalidDataException(
                $"The header {MessageHeaders.RedeliveryCount} is '{count}'; a number from 0 to {int.MaxValue - 1} is expected.");
        }

        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("recordNumbers");
}
