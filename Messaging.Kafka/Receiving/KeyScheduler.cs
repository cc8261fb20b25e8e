using System.Diagnostics.CodeAnalysis;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Decides which item runs next: items of one key one at a time and in order, items of different keys, and those without one,
/// as soon as anybody of their lane is free, in turn over the parties that they belong to. No locks, no I/O.
/// </summary>
/// <typeparam name="T">What is scheduled.</typeparam>
internal sealed class KeyScheduler<T>
{
    private readonly List<FairQueue<(int? Key, T Item)>> _ready = [];

    /// <summary>The keys that have an item ready or running, with the items that wait behind it (null until there is one).</summary>
    private readonly Dictionary<int, Queue<(int Lane, int Party, T Item)>?> _keys = [];

    /// <summary>Adds an item behind all others of its key, whatever their lanes.</summary>
    /// <param name="key">The key's hash; two keys that share one only share their turn. Null: no order.</param>
    /// <param name="item">The item.</param>
    /// <param name="party">Whose it is.</param>
    /// <param name="lane">Who may take it, as a small number.</param>
    public void Add(int? key, T item, int party = 0, int lane = 0)
    {
        if (key is not { } hash)
        {
            Ready(lane).Enqueue(party, (null, item));
        }
        else if (!_keys.TryGetValue(hash, out var waiting))
        {
            _keys.Add(hash, null);
            Ready(lane).Enqueue(party, (hash, item));
        }
        else
        {
            if (waiting is null)
                _keys[hash] = waiting = new Queue<(int, int, T)>();
            waiting.Enqueue((lane, party, item));
        }
    }

    /// <summary>Takes the next item of a lane whose key is idle. Its key stays busy until <see cref="Done"/>.</summary>
    /// <param name="key">The item's key.</param>
    /// <param name="item">The item.</param>
    /// <param name="lane">The lane.</param>
    /// <returns>False where every item of the lane waits for another of its key, or none is left.</returns>
    public bool TryTake(out int? key, [MaybeNullWhen(false)] out T item, int lane = 0)
    {
        if (!Ready(lane).TryDequeue(out var next))
        {
            (key, item) = (null, default);
            return false;
        }

        (key, item) = next;
        return true;
    }

    /// <summary>Frees the key of an item that was taken.</summary>
    /// <param name="key">The key that <see cref="TryTake"/> gave.</param>
    /// <returns>The lane in which the next item of the key may be taken now; null where there is none.</returns>
    public int? Done(int? key)
    {
        if (key is not { } hash)
            return null;

        if (_keys[hash] is { Count: > 0 } waiting)
        {
            var (lane, party, item) = waiting.Dequeue();
            Ready(lane).Enqueue(party, (hash, item));
            return lane;
        }

        _keys.Remove(hash);
        return null;
    }

    private FairQueue<(int? Key, T Item)> Ready(int lane)
    {
        while (_ready.Count <= lane)
            _ready.Add(new FairQueue<(int?, T)>());
        return _ready[lane];
    }
}
