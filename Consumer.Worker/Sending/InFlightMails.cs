using System.Collections.Concurrent;

namespace Consumer.Worker.Sending;

/// <summary>
/// The mails that this process works on now, and those that it had to leave without knowing what the database says. A claim in the database
/// that names this worker, for a mail that it does not work on, was left by a response that was lost or a partition that was revoked:
/// it may be reclaimed at once.
/// </summary>
internal sealed class InFlightMails(TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<Guid, int> _mails = new();
    private readonly ConcurrentDictionary<Guid, long> _left = new();
    private readonly ConcurrentDictionary<Guid, bool> _unknown = new();

    /// <summary>Enters a record of a mail; the entry is to be disposed.</summary>
    /// <param name="mailId">The mail.</param>
    /// <param name="alone">Whether no other record of it is being worked on.</param>
    public IDisposable Enter(Guid mailId, out bool alone)
    {
        alone = _mails.AddOrUpdate(mailId, 1, static (_, records) => records + 1) == 1;
        return new Entry(this, mailId);
    }

    /// <summary>Whether a record of a mail is being worked on.</summary>
    public bool IsIn(Guid mailId) => _mails.GetValueOrDefault(mailId) > 0;

    /// <summary>Notes that the process had to leave a mail, of which the database may have a claim of this worker, or get one yet.</summary>
    public void LeaveBehind(Guid mailId) => _left[mailId] = timeProvider.GetTimestamp();

    /// <summary>The mails that were left behind.</summary>
    public IReadOnlyList<LeftMail> LeftBehind() => [.. _left.Select(left => new LeftMail(left.Key, left.Value))];

    /// <summary>Forgets that a mail was left behind, unless it has been left again since.</summary>
    public void Forget(LeftMail left) => _left.TryRemove(new KeyValuePair<Guid, long>(left.MailId, left.Since));

    /// <summary>Notes that the process had to leave a mail whose content it may have sent wholly.</summary>
    public void LeaveUnknown(Guid mailId)
    {
        _unknown[mailId] = true;
        LeaveBehind(mailId);
    }

    /// <summary>Whether a mail was left with an unknown outcome.</summary>
    public bool IsOutcomeUnknown(Guid mailId) => _unknown.ContainsKey(mailId);

    /// <summary>Forgets that a mail's outcome was unknown: the database has that now. Returns whether it was.</summary>
    public bool SettleUnknown(Guid mailId) => _unknown.TryRemove(mailId, out _);

    private void Leave(Guid mailId)
    {
        _mails.AddOrUpdate(mailId, 0, static (_, records) => records - 1);
        _mails.TryRemove(new KeyValuePair<Guid, int>(mailId, 0));
    }

    private sealed class Entry(InFlightMails owner, Guid mailId) : IDisposable
    {
        public void Dispose() => owner.Leave(mailId);
    }
}

/// <summary>A mail that was left behind.</summary>
/// <param name="MailId">The mail.</param>
/// <param name="Since">When, as a timestamp of the process' <see cref="TimeProvider"/>.</param>
internal sealed record LeftMail(Guid MailId, long Since);
