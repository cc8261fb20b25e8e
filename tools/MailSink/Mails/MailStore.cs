namespace MailSink.Mails;

/// <summary>The newest mails, in memory, bounded by number and by bytes. Safe for any number of threads.</summary>
public sealed class MailStore
{
    private readonly int _maxMessages;
    private readonly long _maxBytes;
    private readonly Lock _lock = new();
    private readonly LinkedList<ReceivedMail> _newestFirst = new();
    private readonly Dictionary<string, LinkedListNode<ReceivedMail>> _byId = [];
    private long _bytes;
    private long _removed;

    internal MailStore(int maxMessages, long maxBytes) => (_maxMessages, _maxBytes) = (maxMessages, maxBytes);

    /// <summary>How many mails are stored.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _newestFirst.Count;
        }
    }

    /// <summary>How many bytes of mail are stored.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>How many mails were stored and made room for others, or were deleted.</summary>
    public long Removed
    {
        get
        {
            lock (_lock)
                return _removed;
        }
    }

    /// <summary>All stored mails, newest first, as they are now.</summary>
    public IReadOnlyList<ReceivedMail> All()
    {
        lock (_lock)
            return [.. _newestFirst];
    }

    /// <summary>A page of the stored mails, newest first.</summary>
    /// <param name="start">How many of the newest to leave out.</param>
    /// <param name="limit">How many to give at most.</param>
    public IReadOnlyList<ReceivedMail> Page(int start, int limit)
    {
        lock (_lock)
            return [.. _newestFirst.Skip(start).Take(limit)];
    }

    /// <summary>The mail with this id, or null if it is not, or no longer, here.</summary>
    public ReceivedMail? Find(string id)
    {
        lock (_lock)
            return _byId.TryGetValue(id, out var node) ? node.Value : null;
    }

    /// <summary>Takes a mail out.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(string id)
    {
        lock (_lock)
        {
            if (!_byId.TryGetValue(id, out var node))
                return false;
            Remove(node);
            return true;
        }
    }

    /// <summary>Takes all mails out.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _removed += _newestFirst.Count;
            _newestFirst.Clear();
            _byId.Clear();
            _bytes = 0;
        }
    }

    internal void Add(ReceivedMail mail)
    {
        lock (_lock)
        {
            _byId.Add(mail.Id, _newestFirst.AddFirst(mail));
            _bytes += mail.Size;

            // The newest stays in any case, also where it alone is past the bound.
            while (_newestFirst.Count > 1 && (_newestFirst.Count > _maxMessages || _bytes > _maxBytes))
                Remove(_newestFirst.Last!);
        }
    }

    private void Remove(LinkedListNode<ReceivedMail> node)
    {
        _newestFirst.Remove(node);
        _byId.Remove(node.Value.Id);
        _bytes -= node.Value.Size;
        _removed++;
    }
}
