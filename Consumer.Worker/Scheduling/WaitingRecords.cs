using Contracts;
using MassTransit;
using Persistence.Mails;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Scheduling;

/// <summary>What is stored of a record whose mail waits in its row, to be produced again.</summary>
internal static class WaitingRecords
{
    /// <summary>The record as the mail's first attempt.</summary>
    /// <param name="record">The record.</param>
    /// <param name="mailId">The mail's id, which the record may only have by where it lies.</param>
    public static WaitingRecord First(KafkaConsumeRecord record, Guid mailId) => Of(record, mailId, header => header is HeaderNames.Epoch);

    /// <summary>The record as the attempt that it is.</summary>
    /// <param name="record">The record.</param>
    /// <param name="mailId">The mail's id.</param>
    public static WaitingRecord Same(KafkaConsumeRecord record, Guid mailId) => Of(record, mailId, header => header is HeaderNames.Epoch or HeaderNames.RedeliveryCount);

    private static WaitingRecord Of(KafkaConsumeRecord record, Guid mailId, Predicate<string> keeps) => new(record.Key, record.Value,
    [
        .. record.RecordHeaders.ToRecord().Where(header => keeps(header.Name) || !HeaderNames.IsOfOneDelivery(header.Name)),
        new RecordHeader(HeaderNames.MessageId, mailId),
    ]);
}
