using Persistence;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// Leaves the mails of claims whose result was lost. Where the record comes again to this worker it reclaims such a claim; but it may go to
/// another one, for which the mail would be busy as long as this worker lives. So they are looked for after each heartbeat.
/// </summary>
internal sealed class LostClaims(IMailStore store, WorkerLease lease, OwnClaims claims, TimeProvider timeProvider, ILogger<LostClaims> logger)
{
    // A statement whose response was not waited for may go through later, but not as late as this.
    internal static readonly TimeSpan LatestCommit = TimeSpan.FromMinutes(10);

    /// <summary>Leaves all of them that were made.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        var lost = claims.Lost().ToDictionary(claim => claim.Record.Identity.MailId);
        if (lost.Count == 0)
            return;
        var held = await store.ListHeldAsync(lease.WorkerId, lost.Keys, cancellationToken);
        // Asked after the database was: whoever claims is known here before the database knows the claim.
        var left = await Task.WhenAll(held
            .Where(claim => !claims.MayBeHeld(claim.Identity.MailId, claim.FencingToken))
            .Select(async claim => (claim.Identity.MailId, IsLeft: await TryLeaveAsync(lost[claim.Identity.MailId].Record, claim, cancellationToken))));

        var locked = left.Where(mail => !mail.IsLeft).Select(mail => mail.MailId).ToHashSet();
        foreach (var claim in lost.Values.Where(claim => timeProvider.GetElapsedTime(claim.Since) > LatestCommit && !locked.Contains(claim.Record.Identity.MailId)))
            claims.Forget(claim);
    }

    /// <summary>Leaves one. Nothing was sent under it; but where it took the mail over, what the worker before did is still unknown.</summary>
    /// <returns>False where another session has locked the mail's row: that is its own delay, not that of the others.</returns>
    private async Task<bool> TryLeaveAsync(MailRecord record, HeldClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await store.LeaveAsync(record with { Identity = claim.Identity }, claim.FencingToken, [], claim.IsTakenOver, cancellationToken);
            logger.LogInformation("{Mail} was claimed by this worker, which did not learn of it; it is free again", claim.Identity);
            return true;
        }
        catch (Exception exception) when (PostgresErrors.IsContention(exception))
        {
            logger.LogWarning("{Mail} is claimed by this worker, which did not learn of it, and its row is locked; the next heartbeat tries again: {Error}", claim.Identity, exception.Message);
            return false;
        }
    }
}
