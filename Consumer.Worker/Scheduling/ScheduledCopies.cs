using System.Globalization;
using System.Text;
using Consumer.Worker.Sending;
using Consumer.Worker.Hosting;
using Contracts;
using MassTransit;
using Persistence.Mails;
using Persistence.Failures;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Makes and produces the copies of scheduled mails: the record as it was posted, with a header that says it is the copy. It is
/// that header, and not the clock of whoever reads the copy, that makes it the first attempt to send the mail: clocks differ.
/// </summary>
internal sealed class ScheduledCopies(IServiceScopeFactory scopes, MailTopics topics, OutcomeRecorder outcomes)
{
    private const string DelayPrefix = "MT-Delay-";

    /// <summary>Whether a record is a copy that has come back from the delay topics.</summary>
    public static bool IsCopy(KafkaConsumeRecord record) => record.RecordHeaders.Any(header => header.Name == HeaderNames.Scheduled);

    /// <summary>The copy of a record.</summary>
    /// <param name="record">The record as it was posted.</param>
    /// <param name="mailId">The mail's id, which the record may only have by where it lies.</param>
    /// <param name="due">When the mail is due.</param>
    public static ScheduledRecord Of(KafkaConsumeRecord record, Guid mailId, DateTimeOffset due) => new(due, record.Key, record.Value,
    [
        .. record.RecordHeaders.Where(header => !IsDropped(header.Name)).Select(header => new RecordHeader(header.Name, header.Value is { } bytes ? new ReadOnlyMemory<byte>(bytes) : null)),
        Text(HeaderNames.MessageId, $"{mailId:D}"),
        Text(HeaderNames.Scheduled, due.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
    ]);

    /// <summary>Produces a copy, until it is acknowledged, and marks it.</summary>
    /// <param name="identity">The record whose copy it is.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="cancellationToken">Ends the tries. Unmarked, the copy is produced again: by the record when it is read again, or by the sweep.</param>
    public async Task ProduceAsync(RecordIdentity identity, ScheduledRecord copy, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<IDelayedTopicProducer>();
        await producer.ProduceAt(
            topics.Mails, copy.Due, copy.Key, copy.Value, [.. copy.Headers.Select(header => new KafkaHeader(header.Name, header.Value?.ToArray()))], cancellationToken);
        await outcomes.MarkPublishedAsync(identity);
    }

    // What would count deliveries that were none, or was of another way through the delay topics.
    private static bool IsDropped(string name) =>
        name is HeaderNames.MessageId or HeaderNames.RedeliveryCount || name.StartsWith(HeaderNames.FaultPrefix, StringComparison.Ordinal)
        || name.StartsWith(DelayPrefix, StringComparison.Ordinal);

    private static RecordHeader Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
