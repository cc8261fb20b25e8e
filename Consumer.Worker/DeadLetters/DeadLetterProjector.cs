using System.Collections.Concurrent;
using MassTransit;
using Persistence;
using Persistence.Failures;
using ServiceDefaults.Kafka;
using ServiceDefaults.Logging;

namespace Consumer.Worker.DeadLetters;

/// <summary>
/// Makes of each dead letter a failure row, then a log line and a metric. The row first, and with it its place in the outbox of alerts: should the
/// process end after it, the record comes again, and a row that is there already is told of to nobody twice.
/// </summary>
internal sealed class DeadLetterProjector(
    MailTopics names, FailureStore failures, WorkerMetrics metrics, LogLimiter limiter, ILogger<DeadLetterProjector> logger)
{
    /// <summary>How often a row is tried whose values Postgres refuses, before a reduced one takes its place.</summary>
    private const int MaxRefusals = 3;

    // The response to the commit may be what was lost: a row that is there at the next try was written by this one, and nobody was told.
    private readonly ConcurrentDictionary<(string Topic, int Partition, long Offset, DateTimeOffset Timestamp), bool> _unknown = new();

    /// <summary>
    /// Makes a failure row of a dead letter. One whose own values Postgres refuses again and again must not stop those behind it: a reduced one
    /// takes its place.
    /// </summary>
    public static async Task<Projection> ProjectAsync(FailureStore failures, DeadLetter letter, bool isRebuild, ILogger logger, CancellationToken cancellationToken)
    {
        for (var refusal = 1; ; refusal++)
        {
            try
            {
                return await failures.ProjectAsync(letter, isRebuild, cancellationToken);
            }
            catch (Exception exception) when (PostgresErrors.IsOwn(exception))
            {
                if (refusal < MaxRefusals)
                    continue;
                logger.LogWarning(
                    "Postgres refuses the failure of the dead letter at {Topic}/{Partition}/{Offset}; one with its bytes and its place alone is written instead: {Reason}",
                    letter.Topic, letter.Partition, letter.Offset, exception.Message);
                return await failures.ProjectAsync(letter.Reduced(exception.Message), isRebuild, cancellationToken);
            }
        }
    }

    /// <summary>Projects one record of the dead-letter topic. Throws what Postgres throws; the record is then tried again.</summary>
    public async Task ProjectAsync(KafkaRecord record, CancellationToken cancellationToken)
    {
        var letter = DeadLetterReader.Read(record, names);
        var place = (letter.Topic, letter.Partition, letter.Offset, letter.Timestamp);
        Projection projection;
        try
        {
            projection = await ProjectAsync(failures, letter, isRebuild: false, logger, cancellationToken);
        }
        catch
        {
            _unknown[place] = true;
            throw;
        }

        var wasUnknown = _unknown.TryRemove(place, out _);
        metrics.DeadLettersProjected.Add(1, new KeyValuePair<string, object?>("kind", projection.Kind.ToString()));
        if (!projection.IsNew && !(wasUnknown && projection.Kind == ProjectionKind.Known))
        {
            logger.LogDebug("The dead letter at {Topic}/{Partition}/{Offset} is known already ({Kind})", record.Topic, record.Partition, record.Offset, projection.Kind);
            return;
        }

        if (limiter.Allows(logger, LogLevel.Warning, "dead letters", $"fingerprint {projection.Fingerprint}, {ShortName(letter.ExceptionType)}"))
        {
            logger.LogWarning(
                "Dead letter: failure {FailureId}, mail {MailId}, epoch {Epoch}, attempts {Attempts}, from {OriginalTopic}/{OriginalPartition}/{OriginalOffset}, fingerprint {Fingerprint}: {ExceptionType}: {ExceptionMessage}",
                projection.FailureId, letter.MailId, letter.Epoch, letter.Attempts,
                letter.OriginalTopic, letter.OriginalPartition, letter.OriginalOffset, projection.Fingerprint, letter.ExceptionType, letter.Message);
        }
    }

    private static string ShortName(string type) => type[(type.LastIndexOf('.') + 1)..];
}
