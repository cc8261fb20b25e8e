using Consumer.Worker.Alerts;
using MassTransit;
using Persistence.Failures;
using ServiceDefaults.Kafka;
using ServiceDefaults.Logging;

namespace Consumer.Worker.DeadLetters;

/// <summary>
/// Makes of each dead letter a failure row, then a log line, a metric and an alert. The row first: should the process end after
/// it, the record comes again, and a row that is there already is told of to nobody twice.
/// </summary>
internal sealed class DeadLetterProjector(
    MailTopics names, FailureStore failures, IAlertQueue alerts, WorkerMetrics metrics, LogLimiter limiter, ILogger<DeadLetterProjector> logger)
{
    /// <summary>Projects one record of the dead-letter topic. Throws what Postgres throws; the record is then tried again.</summary>
    public async Task ProjectAsync(KafkaRecord record, CancellationToken cancellationToken)
    {
        var letter = DeadLetterReader.Read(record, names);
        var projection = await failures.ProjectAsync(letter, cancellationToken);
        metrics.DeadLettersProjected.Add(1, new KeyValuePair<string, object?>("kind", projection.Kind.ToString()));
        if (!projection.IsNew)
        {
            logger.LogDebug("The dead letter at {Topic}/{Partition}/{Offset} is in failure {FailureId} already", record.Topic, record.Partition, record.Offset, projection.FailureId);
            return;
        }

        if (limiter.Allows(logger, LogLevel.Warning, "dead letters", $"fingerprint {projection.Fingerprint}, {ShortName(letter.ExceptionType)}"))
        {
            logger.LogWarning(
                "Dead letter: failure {FailureId}, mail {MailId}, epoch {Epoch}, attempts {Attempts}, from {OriginalTopic}/{OriginalPartition}/{OriginalOffset}, fingerprint {Fingerprint}: {ExceptionType}: {ExceptionMessage}",
                projection.FailureId, letter.MailId, letter.Epoch, letter.Attempts,
                letter.OriginalTopic, letter.OriginalPartition, letter.OriginalOffset, projection.Fingerprint, letter.ExceptionType, letter.Message);
        }

        alerts.Enqueue(new Alert(projection.FailureId, letter.MailId, projection.Fingerprint, $"{ShortName(letter.ExceptionType)}: {letter.Message}"));
    }

    private static string ShortName(string type) => type[(type.LastIndexOf('.') + 1)..];
}
