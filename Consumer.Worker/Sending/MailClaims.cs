using Consumer.Worker.Holds;
using Consumer.Worker.Scheduling;
using Persistence;
using Persistence.Holds;
using Persistence.Mails;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Sending;

/// <summary>Claims mails in the database, waiting as long as another worker holds one. One that a hold is on it puts into its row in place of that.</summary>
internal sealed class MailClaims(IMailStore store, WorkerLease lease, OwnClaims claims, KnownHolds holds, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>The present term of the worker's lease; to be read before a claim.</summary>
    public int LeaseTerm => lease.Term;

    /// <summary>Renews the worker's lease where it does not surely last: a claim that is made now would not be sent.</summary>
    public Task KeepLeaseAsync(CancellationToken cancellationToken) =>
        lease.IsHeld ? Task.CompletedTask : lease.RenewAsync(lease.Renewals, cancellationToken);

    /// <summary>
    /// Puts a mail into its row where a hold is on it, and nothing stands in the way; what does, and a hold that is not known of yet, is met by
    /// <see cref="ClaimAsync"/>.
    /// </summary>
    /// <param name="mail">The mail.</param>
    /// <param name="waiting">Ends the wait for what there is to know of holds.</param>
    /// <param name="cancellationToken">Cancels what is under way.</param>
    /// <returns>Null where it was not.</returns>
    public async ValueTask<ClaimResult.Held?> TryHoldAsync(IncomingMail mail, CancellationToken waiting, CancellationToken cancellationToken)
    {
        for (var known = holds.Now; holds.On(mail, known) is not null; known = holds.Now)
        {
            var result = await TryClaimAsync(mail, reclaim: null, known, cancellationToken);
            if (result is not ClaimResult.HoldsChanged)
                return result as ClaimResult.Held;
            await holds.RefreshAsync(known, waiting);
        }

        return null;
    }

    /// <summary>
    /// Claims a mail, or holds it. Neither <see cref="ClaimResult.Busy"/> nor <see cref="ClaimResult.NoLease"/> nor
    /// <see cref="ClaimResult.HoldsChanged"/> comes back.
    /// </summary>
    /// <param name="mail">The mail.</param>
    /// <param name="busy">Called where it is waited for another worker, or for a locked row.</param>
    /// <param name="waiting">
    /// Ends the wait for another worker. A claim that is under way is waited for nevertheless: canceled, it may have been made, and
    /// would keep the mail from whoever gets its record next.
    /// </param>
    /// <param name="cancellationToken">Cancels the claim itself.</param>
    public async Task<ClaimResult> ClaimAsync(IncomingMail mail, Action busy, CancellationToken waiting, CancellationToken cancellationToken)
    {
        long? reclaim = null;
        for (var pause = FirstPause; ; pause = Backoff.Next(pause, LongestPause))
        {
            waiting.ThrowIfCancellationRequested();
            var renewals = lease.Renewals;
            var known = holds.Now;
            var result = await TryClaimAsync(mail, reclaim, known, cancellationToken);
            switch (result)
            {
                case ClaimResult.HoldsChanged:
                    await holds.RefreshAsync(known, waiting);
                    break;
                case ClaimResult.NoLease:
                    await lease.RenewAsync(renewals, waiting);
                    break;
                case ClaimResult.Busy own when reclaim is null && own.WorkerId == lease.WorkerId && !claims.MayBeHeld(mail.Identity.MailId, own.FencingToken):
                    // This worker's own claim, which none of its tasks holds.
                    claims.Lose(mail.Record);
                    reclaim = own.FencingToken;
                    break;
                case null or ClaimResult.Busy:
                    reclaim = null;
                    busy();
                    await Task.Delay(pause, timeProvider, waiting);
                    break;
                default:
                    return result;
            }
        }
    }

    /// <summary>Null where another session has locked the mail's row, as an operator may: that passes, and is not a failure of the mail.</summary>
    private async Task<ClaimResult?> TryClaimAsync(IncomingMail mail, long? reclaim, ActiveHolds known, CancellationToken cancellationToken)
    {
        using var underWay = claims.Begin(mail.Identity.MailId);
        try
        {
            var result = holds.On(mail, known) is { } hold
                ? await store.HoldAsync(mail.Record, hold.Id, Waiting(mail, hold), lease.WorkerId, reclaim, cancellationToken)
                : await store.ClaimAsync(mail.Record, lease.WorkerId, reclaim, known.Number, cancellationToken);
            if (result is ClaimResult.Claimed claimed)
                underWay.Hold(claimed.FencingToken);
            return result;
        }
        catch (Exception exception) when (PostgresErrors.IsContention(exception))
        {
            return null;
        }
        catch
        {
            // It may have been made all the same.
            claims.Lose(mail.Record);
            throw;
        }
    }

    /// <summary>What sends the mail once the hold ends: nothing where it is canceled, and however large it is, none of it is stored then.</summary>
    private static WaitingRecord Waiting(IncomingMail mail, Hold hold) => hold.Mode == HoldMode.Cancel || mail.Source is not { } source
        ? new WaitingRecord(null, null, [])
        : WaitingRecords.Same(source, mail.Identity.MailId);
}
