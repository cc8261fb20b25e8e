using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// The claims in the database that name this worker, of mails that it does not work on: the response to a claim was lost, or Postgres was
/// unavailable when the claim was to be released. As long as this worker lives its lease would keep such a mail from the worker that has its
/// record by now. So they are released after each heartbeat.
/// </summary>
internal sealed class AbandonedClaims(
    IMailStore store, WorkerLease lease, InFlightMails inFlight, TimeProvider timeProvider, ILogger<AbandonedClaims> logger)
{
    // A statement whose response was not waited for may go through later, but not as late as this.
    internal static readonly TimeSpan LatestCommit = TimeSpan.FromMinutes(10);

    /// <summary>Releases all of them.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var left = inFlight.LeftBehind();
        if (left.Count == 0)
            return;
        // Whoever claims is among the mails in flight before the claim, so one that is not when the claim is read has left it behind;
        // and one that comes back meanwhile claims with another token.
        foreach (var (mail, fencingToken) in await store.ListHeldAsync(lease.WorkerId, [.. left.Select(mail => mail.MailId)], cancellationToken))
        {
            if (inFlight.IsIn(mail.MailId))
                continue;
            if (inFlight.IsOutcomeUnknown(mail.MailId))
            {
                await store.AbandonAsync(mail, fencingToken, cancellationToken);
                inFlight.SettleUnknown(mail.MailId);
            }
            else
            {
                await store.ReleaseAsync(mail, fencingToken, cancellationToken);
            }

            logger.LogInformation("{Mail} was claimed by this worker, which does not work on it any more; it is free again", mail);
        }

        foreach (var mail in left.Where(mail => timeProvider.GetElapsedTime(mail.Since) > LatestCommit))
            inFlight.Forget(mail);
    }
}
