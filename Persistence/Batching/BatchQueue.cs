namespace Persistence.Batching;

/// <summary>
/// What waits to be written together, oldest first. Decides what a batch holds, and nothing else: at most so many items, and one
/// of each key, since a statement cannot change a row twice. What a batch passes over stays where it is in the queue.
/// </summary>
/// <param name="limit">How many items a batch holds at most.</param>
/// <param name="key">What an item's row is known by.</param>
internal sealed class BatchQueue<TItem>(int limit, Func<TItem, Guid> key)
{
    private List<TItem> _waiting = [];

    /// <summary>How many items wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Puts an item at the end.</summary>
    public void Add(TItem item) => _waiting.Add(item);

    /// <summary>Takes the next batch out; it is empty where nothing waits.</summary>
    public IReadOnlyList<TItem> Take()
    {
        var keys = new HashSet<Guid>();
        List<TItem> batch = [];
        List<TItem> later = [];
        foreach (var item in _waiting)
        {
            if (batch.Count < limit && keys.Add(key(item)))
                batch.Add(item);
            else
                later.Add(item);
        }
        _waiting = later;
        return batch;
    }
}
