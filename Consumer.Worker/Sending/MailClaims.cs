using Persistence;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>Claims mails in the database, waiting as long as another worker holds one.</summary>
internal sealed class MailClaims(IMailStore store, WorkerLease lease, InFlightMails inFlight, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Who claims.</summary>
    public Guid WorkerId => lease.WorkerId;

    /// <summary>The present term of the worker's lease; to be read before a claim.</summary>
    public int LeaseTerm => lease.Term;

    /// <summary>Claims a mail. Neither <see cref="ClaimResult.Busy"/> nor <see cref="ClaimResult.NoLease"/> comes back.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="reclaim">Whether a claim of this very worker is reclaimed: nobody here works on the mail.</param>
    /// <param name="waiting">
    /// Ends the wait for another worker. A claim that is under way is waited for nevertheless: canceled, it may have been made, and
    /// would keep the mail from whoever gets its record next.
    /// </param>
    /// <param name="cancellationToken">Cancels the claim itself.</param>
    public async Task<ClaimResult> ClaimAsync(IncomingMail mail, bool reclaim, CancellationToken waiting, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            waiting.ThrowIfCancellationRequested();
            switch (await TryClaimAsync(mail, reclaim, cancellationToken))
            {
                case ClaimResult.NoLease:
                    await lease.RenewAsync(waiting);
                    break;
                case null or ClaimResult.Busy:
                    await Task.Delay(pause, timeProvider, waiting);
                    break;
                case var result:
                    return result;
            }
        }
    }

    /// <summary>Null where another session has locked the mail's row, as an operator may: that passes, and is not a failure of the mail.</summary>
    private async Task<ClaimResult?> TryClaimAsync(IncomingMail mail, bool reclaim, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ClaimAsync(mail.Record, lease.WorkerId, reclaim, cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.IsContention(exception))
        {
            return null;
        }
        catch
        {
            // It may have been made all the same.
            inFlight.LeaveBehind(mail.Identity.MailId);
            throw;
        }
    }
}
