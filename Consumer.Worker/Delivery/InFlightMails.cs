using System.Collections.Concurrent;

namespace Consumer.Worker.Delivery;

/// <summary>
/// The mails that this process works on now. A claim in the books that names this worker, for a mail that is not among them, was
/// left by an answer that got lost or a record that was given back: it may be taken back at once.
/// </summary>
internal sealed class InFlightMails
{
    private readonly ConcurrentDictionary<Guid, bool> _mails = new();
    private readonly ConcurrentDictionary<Guid, bool> _doubtful = new();

    /// <summary>Enters a mail; the entry is to be disposed. <c>null</c> where another record of it is being worked on.</summary>
    public IDisposable? TryEnter(Guid mailId) => _mails.TryAdd(mailId, true) ? new Entry(this, mailId) : null;

    /// <summary>Whether a record of a mail is being worked on.</summary>
    public bool IsIn(Guid mailId) => _mails.ContainsKey(mailId);

    /// <summary>Notes that the process had to leave a mail whose content it may have sent wholly.</summary>
    public void LeaveInDoubt(Guid mailId) => _doubtful[mailId] = true;

    /// <summary>Whether a mail was left in doubt.</summary>
    public bool IsInDoubt(Guid mailId) => _doubtful.ContainsKey(mailId);

    /// <summary>Ends a mail's doubt: it is known elsewhere now. Says whether there was one.</summary>
    public bool EndDoubt(Guid mailId) => _doubtful.TryRemove(mailId, out _);

    private sealed class Entry(InFlightMails owner, Guid mailId) : IDisposable
    {
        public void Dispose() => owner._mails.TryRemove(mailId, out _);
    }
}
