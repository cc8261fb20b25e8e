using Persistence.Mails;
using ServiceDefaults.Logging;

namespace Consumer.Worker.Sending;

/// <summary>
/// Writes what became of a mail, and holds on to it until it is written: between the server's 250 and the row Postgres may
/// be gone for an hour, and the mail must not be sent again for that. The mail's record stays unacknowledged meanwhile. Only the
/// end of the process ends the tries; then the row still says <c>sending</c>, and whoever takes it over treats the outcome as unknown.
/// </summary>
internal sealed class OutcomeRecorder(
    IMailStore store, InFlightMails inFlight, WorkerShutdown shutdown, TimeProvider timeProvider, LogLimiter limiter, ILogger<OutcomeRecorder> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Records that the mail was sent.</summary>
    public async Task SentAsync(DeliveryAttempt attempt)
    {
        var held = await UntilWrittenAsync("sent", attempt.Identity, cancellationToken => store.RecordSentAsync(attempt.Mail.Record, attempt.FencingToken, attempt.Replies, cancellationToken));
        if (!held)
            logger.LogWarning("{Mail} was sent, but meanwhile its claim had gone to another worker: it may have been sent twice. Did this worker stall longer than Worker:Lease?", attempt.Identity);
    }

    /// <summary>Records what comes next.</summary>
    /// <returns>False where another worker has claimed the mail since, which decides: nothing may be published.</returns>
    public Task<bool> WriteOutboxEntryAsync(DeliveryAttempt attempt, OutboxEntry outboxEntry) => UntilWrittenAsync("to be redelivered or dead-lettered", attempt.Identity,
        cancellationToken => store.WriteOutboxEntryAsync(attempt.Mail.Record, attempt.FencingToken, outboxEntry, attempt.Replies, cancellationToken: cancellationToken));

    /// <summary>Marks that what came next was produced.</summary>
    public Task MarkPublishedAsync(RecordIdentity identity) => UntilWrittenAsync("published", identity,
        cancellationToken => store.MarkPublishedAsync(identity, cancellationToken));

    /// <summary>
    /// Releases a mail whose outcome is known and that is not completed. Replies that settle recipients are written, however long that
    /// takes: they would be sent to again. Else one try: where it fails the row stays this worker's, until the record, which comes again,
    /// reclaims it, or a heartbeat releases it.
    /// </summary>
    public async Task ReleaseAsync(DeliveryAttempt attempt)
    {
        if (attempt.HasSettled)
        {
            await UntilWrittenAsync("sent to some recipients", attempt.Identity,
                cancellationToken => store.ReleaseAsync(attempt.Mail.Record, attempt.FencingToken, attempt.Replies, cancellationToken));
            return;
        }

        using var timeout = new CancellationTokenSource(ReleaseTimeout, timeProvider);
        try
        {
            await store.ReleaseAsync(attempt.Identity, attempt.FencingToken, timeout.Token);
        }
        // Broad on purpose: what made the worker release the mail matters more, and is on its way up.
        catch (Exception exception)
        {
            inFlight.LeaveBehind(attempt.Identity.MailId);
            logger.LogDebug("{Mail} could not be released ({Error}); the next heartbeat does it", attempt.Identity, exception.Message);
        }
    }

    private async Task<bool> UntilWrittenAsync(string what, RecordIdentity mail, Func<CancellationToken, Task<bool>> write)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
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
