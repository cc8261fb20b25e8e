using Persistence.Mails;
using ServiceDefaults.Logging;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Sending;

/// <summary>
/// Writes what became of a mail, and holds on to it until it is written: between the server's 250 and the row Postgres may
/// be gone for an hour, and the mail must not be sent again for that. The mail's record stays unacknowledged meanwhile. Only the
/// end of the process ends the tries; then the row still says <c>sending</c>, and whoever takes it over treats the outcome as unknown.
/// </summary>
internal sealed class OutcomeRecorder(
    IMailStore store, OwnClaims claims, WorkerShutdown shutdown, TimeProvider timeProvider, LogLimiter limiter, ILogger<OutcomeRecorder> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Records that the mail was sent.</summary>
    public async Task SentAsync(DeliveryAttempt attempt)
    {
        var held = await EndAsync("sent", attempt, cancellationToken => store.RecordSentAsync(attempt.Mail.Record, attempt.FencingToken, attempt.Replies, cancellationToken));
        if (!held)
            logger.LogWarning("{Mail} was sent, but meanwhile its claim had gone to another worker: it may have been sent twice. Did this worker stall longer than Worker:Lease?", attempt.Identity);
    }

    /// <summary>Records that the mail is held back from some of its recipients.</summary>
    public async Task HeldAsync(DeliveryAttempt attempt, string reason)
    {
        var held = await EndAsync("held back", attempt, cancellationToken => store.HoldBackAsync(attempt.Mail.Record, attempt.FencingToken, reason, attempt.Replies, cancellationToken));
        if (held)
            logger.LogInformation("{Mail} is held. {Reason}", attempt.Identity, reason);
    }

    /// <summary>Records what comes next.</summary>
    /// <returns>False where another worker has claimed the mail since, which decides: nothing may be published.</returns>
    public Task<bool> WriteOutboxEntryAsync(DeliveryAttempt attempt, OutboxEntry outboxEntry) => EndAsync("to be redelivered or dead-lettered", attempt,
        cancellationToken => store.WriteOutboxEntryAsync(attempt.Mail.Record, attempt.FencingToken, outboxEntry, attempt.Replies, cancellationToken: cancellationToken));

    /// <summary>Marks that what came next was produced.</summary>
    public Task MarkPublishedAsync(RecordIdentity identity) => UntilWrittenAsync("published", identity,
        cancellationToken => store.MarkPublishedAsync(identity, cancellationToken));

    /// <summary>
    /// Leaves a mail that is not completed, with the replies there are. However long that takes: a recipient that has the mail would be sent to
    /// again, and that an outcome is unknown would not be told.
    /// </summary>
    public Task LeaveAsync(DeliveryAttempt attempt) => EndAsync("left as it is", attempt,
        cancellationToken => store.LeaveAsync(attempt.Mail.Record, attempt.FencingToken, attempt.Replies, cancellationToken: cancellationToken));

    private async Task<bool> EndAsync(string what, DeliveryAttempt attempt, Func<CancellationToken, Task<bool>> write)
    {
        var held = await UntilWrittenAsync(what, attempt.Identity, write);
        claims.End(attempt.Identity.MailId, attempt.FencingToken);
        return held;
    }

    private async Task<bool> UntilWrittenAsync(string what, RecordIdentity mail, Func<CancellationToken, Task<bool>> write)
    {
        for (var pause = FirstPause; ; pause = Backoff.Next(pause, LongestPause))
        {
            try
            {
                return await write(shutdown.Over);
            }
            // Broad on purpose: whatever keeps the outcome from being written, sending the mail again is worse than waiting.
            catch (Exception exception) when (!shutdown.Over.IsCancellationRequested)
            {
                if (limiter.Allows(logger, LogLevel.Warning, "outcomes that wait to be written", exception.GetType().Name))
                    logger.LogWarning("{Mail} is {What}, but that cannot be written yet; trying again in {Pause}: {Error}", mail, what, pause, exception.Message);
                await Task.Delay(pause, timeProvider, shutdown.Over);
            }
        }
    }
}
