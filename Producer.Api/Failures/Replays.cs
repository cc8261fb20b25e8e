using MassTransit;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Failures;
using Producer.Api.Configuration;
using Producer.Api.Emails;
using ServiceDefaults.Kafka;

namespace Producer.Api.Failures;

/// <summary>
/// Produces replays that were recorded, and marks them as produced. A crash between the two leaves the replay pending, and
/// <see cref="ReplaySweep"/> produces it again, which is harmless: the worker's claim recognizes the second record.
/// </summary>
internal sealed class Replays(IMailQueue queue, FailureStore failures, MailTopics names, IOptions<ApiOptions> options, TimeProvider timeProvider, ILogger<Replays> logger)
{
    /// <summary>Produces a replay; false where Kafka or Postgres did not respond and the sweep has to finish it.</summary>
    public async Task<bool> TryFinishAsync(Replay replay, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Value.AcceptTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await queue.EnqueueAgainAsync(names.TopicOf(replay.Topic, replay.Headers), replay.Key, replay.Value, ReplayHeaders.Of(replay), either.Token);
            await failures.MarkReplayedAsync(replay.FailureId, either.Token);
            logger.LogInformation("Failure {FailureId} was replayed as mail {MailId}, epoch {Epoch}", replay.FailureId, replay.MailId, replay.Epoch);
            return true;
        }
        catch (Exception exception) when (exception is KafkaProduceException || deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(exception))
        {
            logger.LogWarning("The replay of failure {FailureId} stays pending and will be tried again: {Reason}", replay.FailureId, exception.Message);
            return false;
        }
    }
}
