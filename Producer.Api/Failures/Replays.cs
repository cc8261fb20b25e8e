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
    public Task<bool> TryFinishAsync(Replay replay, CancellationToken cancellationToken) => TryFinishAsync([replay], cancellationToken);

    /// <summary>Produces replays together; false where Kafka or Postgres did not respond, and the sweep has to finish those that are not.</summary>
    public async Task<bool> TryFinishAsync(IReadOnlyCollection<Replay> replays, CancellationToken cancellationToken)
    {
        if (replays.Count == 0)
            return true;
        using var deadline = new CancellationTokenSource(options.Value.AcceptTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var produced = (await Task.WhenAll(replays.Select(replay => TryProduceAsync(replay, deadline.Token, either.Token)))).OfType<Guid>().ToList();
            if (produced.Count > 0)
                await failures.MarkReplayedAsync(produced, either.Token);
            return produced.Count == replays.Count;
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsPassing(exception))
        {
            logger.LogWarning("{Count} replays stay pending and will be tried again: {Reason}", replays.Count, exception.Message);
            return false;
        }
    }

    private async Task<Guid?> TryProduceAsync(Replay replay, CancellationToken deadline, CancellationToken cancellationToken)
    {
        try
        {
            await queue.EnqueueAgainAsync(names.TopicOf(replay.Topic, replay.Headers), replay.Key, replay.Value, ReplayHeaders.Of(replay), cancellationToken);
            logger.LogInformation("Failure {FailureId} was replayed as mail {MailId}, epoch {Epoch}", replay.FailureId, replay.MailId, replay.Epoch);
            return replay.FailureId;
        }
        catch (Exception exception) when (exception is KafkaProduceException || deadline.IsCancellationRequested)
        {
            logger.LogWarning("The replay of failure {FailureId} stays pending and will be tried again: {Reason}", replay.FailureId, exception.Message);
            return null;
        }
    }
}
