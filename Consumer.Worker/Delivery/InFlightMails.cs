using System.Collections.Concurrent;

namespace Consumer.Worker.Delivery;

/// <summary>
/// The mails that this process works on now. A claim in the books that names this worker, for a mail that is not among them, was
/// left by an answer that got lost or a record that was given back: it may be taken back at once.
/// </summary>
internal sealed class InFlightMails
{
    private readonly ConcurrentDictionary<Guid, int> _mails = new();
    private readonly ConcurrentDictionary<Guid, bool> _doubtful = new();

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

    /// <summary>Notes that the process had to leave a mail whose content it may have sent wholly.</summary>
    public void LeaveInDoubt(Guid mailId) => _doubtful[mailId] = true;

    /// <summary>Whether a mail was left in doubt.</summary>
    public bool IsInDoubt(Guid mailId) => _doubtful.ContainsKey(mailId);

    /// <summary>Ends a mail's doubt: it is known elsewhere now. Says whether there was one.</summary>
    public bool EndDoubt(Guid mailId) => _doubtful.TryRemove(mailId, out _);

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
