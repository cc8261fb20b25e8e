using MassTransit;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Failures;
using Producer.Api.Configuration;
using Producer.Api.Emails;

namespace Producer.Api.Failures;

/// <summary>
/// Produces replays that were taken down, and marks them. A crash between the two leaves the replay pending, and
/// <see cref="ReplaySweep"/> produces it again, which is harmless: the worker's claim knows the second record.
/// </summary>
internal sealed class Replays(IMailQueue queue, FailureStore failures, IOptions<ApiOptions> options, TimeProvider clock, ILogger<Replays> log)
{
    /// <summary>Produces a replay; false where Kafka or Postgres did not answer and the sweep has to finish it.</summary>
    public async Task<bool> TryFinishAsync(Replay replay, CancellationToken stopping)
    {
        using var deadline = new CancellationTokenSource(options.Value.AcceptTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        try
        {
            await queue.EnqueueAgainAsync(replay.Key, replay.Value, ReplayHeaders.Of(replay), either.Token);
            await failures.MarkReplayedAsync(replay.FailureId, either.Token);
            log.LogInformation("Failure {FailureId} was replayed as mail {MailId}, epoch {Epoch}", replay.FailureId, replay.MailId, replay.Epoch);
            return true;
        }
        catch (Exception fault) when (fault is KafkaProduceException || deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(fault))
        {
            log.LogWarning("The replay of failure {FailureId} stays pending and will be tried again: {Reason}", replay.FailureId, fault.Message);
            return false;
        }
    }
}
