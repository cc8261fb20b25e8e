using System.Diagnostics.CodeAnalysis;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Decides which item runs next: items of one key one at a time and in order, items of different keys, and those without one,
/// as soon as anybody is free, in turn over the parties that they belong to. No locks, no I/O.
/// </summary>
/// <typeparam name="T">What is scheduled.</typeparam>
internal sealed class KeyScheduler<T>
{
    private readonly FairQueue<(int? Key, T Item)> _ready = new();

    /// <summary>The keys that have an item ready or running, with the items that wait behind it (null until there is one).</summary>
    private readonly Dictionary<int, Queue<(int Party, T Item)>?> _lanes = [];

    /// <summary>Adds an item behind all others of its key.</summary>
    /// <param name="key">The key's hash; two keys that share one only share their turn. Null: no order.</param>
    /// <param name="item">The item.</param>
    /// <param name="party">Whose it is.</param>
    public void Add(int? key, T item, int party = 0)
    {
        if (key is not { } hash)
        {
            _ready.Enqueue(party, (null, item));
        }
        else if (!_lanes.TryGetValue(hash, out var lane))
        {
            _lanes.Add(hash, null);
            _ready.Enqueue(party, (hash, item));
        }
        else
        {
            if (lane is null)
                _lanes[hash] = lane = new Queue<(int, T)>();
            lane.Enqueue((party, item));
        }
    }

    /// <summary>Takes the next item whose key is idle. Its key stays busy until <see cref="Done"/>.</summary>
    /// <param name="key">The item's key.</param>
    /// <param name="item">The item.</param>
    /// <returns>False where every item waits for another of its key, or none is left.</returns>
    public bool TryTake(out int? key, [MaybeNullWhen(false)] out T item)
    {
        if (!_ready.TryDequeue(out var next))
        {
            (key, item) = (null, default);
            return false;
        }

        (key, item) = next;
        return true;
    }

    /// <summary>Frees the key of an item that was taken.</summary>
    /// <param name="key">The key that <see cref="TryTake"/> gave.</param>
    public void Done(int? key)
    {
        if (key is not { } hash)
            return;

        if (_lanes[hash] is { Count: > 0 } lane)
        {
            var (party, item) = lane.Dequeue();
            _ready.Enqueue(party, (hash, item));
        }
        else
        {
            _lanes.Remove(hash);
        }
    }
}
