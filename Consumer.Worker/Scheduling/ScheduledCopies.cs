using Consumer.Worker.Sending;
using Contracts;
using MassTransit;
using Persistence.Mails;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Makes and produces the copies of scheduled mails: the record as it was posted, with a header that says it is the copy. It is
/// that header, and not the clock of whoever reads the copy, that makes it the first attempt to send the mail: clocks differ.
/// </summary>
internal sealed class ScheduledCopies(IServiceScopeFactory scopes, MailTopics topics, OutcomeRecorder outcomes)
{
    /// <summary>Whether a record is a copy that has come back from the delay topics.</summary>
    public static bool IsCopy(KafkaConsumeRecord record) => record.RecordHeaders.Any(header => header.Name == HeaderNames.Scheduled);

    /// <summary>The copy of a record.</summary>
    /// <param name="record">The record as it was posted.</param>
    /// <param name="mailId">The mail's id, which the record may only have by where it lies.</param>
    /// <param name="due">When the mail is due.</param>
    public static ScheduledRecord Of(KafkaConsumeRecord record, Guid mailId, DateTimeOffset due) => new(due, record.Key, record.Value,
    [
        .. record.RecordHeaders.ToRecord().Where(header => header.Name == HeaderNames.Epoch || !HeaderNames.IsOfOneDelivery(header.Name)),
        new RecordHeader(HeaderNames.MessageId, mailId),
        new RecordHeader(HeaderNames.Scheduled, due.ToUnixTimeMilliseconds()),
    ]);

    /// <summary>Produces a copy, until it is acknowledged, and records that it is published.</summary>
    /// <param name="identity">The record whose copy it is.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="cancellationToken">Ends the tries. A copy not recorded as published is produced again: by the record when it is read again, or by the sweep.</param>
    public async Task ProduceAsync(RecordIdentity identity, ScheduledRecord copy, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<IDelayedTopicProducer>();
        await producer.ProduceAt(
            topics.Mails, copy.Due, copy.Key, copy.Value, copy.Headers.ToKafka(), cancellationToken);
        await outcomes.MarkPublishedAsync(identity);
    }
}
