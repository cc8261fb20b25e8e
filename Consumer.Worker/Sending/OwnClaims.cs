using System.Collections.Concurrent;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// The claims that the tasks of this process hold, by their tokens, and those of which it does not know whether they were made. A claim in
/// the database that names this worker, and that none of its tasks holds, is one whose result was lost: nothing was sent under it, and it may
/// be reclaimed or left at once. Of two records of one mail each so tells the other's claim from one that nobody holds.
/// </summary>
internal sealed class OwnClaims(TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, MailClaimsHere> _mails = [];
    private readonly ConcurrentDictionary<Guid, LostClaim> _lost = new();

    /// <summary>Notes that a task asks for a claim of a mail; to be disposed once it has the result.</summary>
    public ClaimUnderWay Begin(Guid mailId)
    {
        lock (_lock)
        {
            if (!_mails.TryGetValue(mailId, out var here))
                _mails.Add(mailId, here = new MailClaimsHere());
            here.UnderWay++;
        }

        return new ClaimUnderWay(this, mailId);
    }

    /// <summary>Whether a task holds a claim, or may get it: one that is asked for may be that claim, with its result still on the way.</summary>
    public bool MayBeHeld(Guid mailId, long fencingToken)
    {
        lock (_lock)
            return _mails.TryGetValue(mailId, out var here) && (here.UnderWay > 0 || here.Tokens.Contains(fencingToken));
    }

    /// <summary>Notes that a claim is not held any more, as the database says. One whose end could not be written stays held as long as the process runs.</summary>
    public void End(Guid mailId, long fencingToken) => Change(mailId, here => here.Tokens.Remove(fencingToken));

    /// <summary>Notes that the result of a claim was lost: it may have been made, or be made yet.</summary>
    public void Lose(MailRecord record) => _lost[record.Identity.MailId] = new LostClaim(record, timeProvider.GetTimestamp());

    /// <summary>The claims whose result was lost.</summary>
    public IReadOnlyList<LostClaim> Lost() => [.. _lost.Values];

    /// <summary>Forgets that a claim was lost, unless another one of the mail has been lost since.</summary>
    public void Forget(LostClaim lost) => _lost.TryRemove(new KeyValuePair<Guid, LostClaim>(lost.Record.Identity.MailId, lost));

    private void Change(Guid mailId, Action<MailClaimsHere> change)
    {
        lock (_lock)
        {
            if (!_mails.TryGetValue(mailId, out var here))
                return;
            change(here);
            if (here is { UnderWay: 0, Tokens.Count: 0 })
                _mails.Remove(mailId);
        }
    }

    /// <summary>A claim that a task asks for.</summary>
    internal sealed class ClaimUnderWay(OwnClaims owner, Guid mailId) : IDisposable
    {
        private long? _token;

        /// <summary>The claim was made: from the end of this on it is held.</summary>
        public void Hold(long fencingToken) => _token = fencingToken;

        public void Dispose() => owner.Change(mailId, here =>
        {
            here.UnderWay--;
            if (_token is { } token)
                here.Tokens.Add(token);
        });
    }

    private sealed class MailClaimsHere
    {
        public int UnderWay { get; set; }

        public HashSet<long> Tokens { get; } = [];
    }
}

/// <summary>A claim whose result was lost.</summary>
/// <param name="Record">The record that it was asked for.</param>
/// <param name="Since">When, as a timestamp of the process' <see cref="TimeProvider"/>.</param>
internal sealed record LostClaim(MailRecord Record, long Since);
