using System.Diagnostics.CodeAnalysis;

namespace Messaging.Kafka.Receiving;

/// <summary>A queue that takes from its parties in turn (round robin), of each in its order. No locks, no I/O.</summary>
/// <typeparam name="T">What waits.</typeparam>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<int, Queue<T>> _parties = [];
    private readonly Queue<(int Party, Queue<T> Items)> _turns = new();
    // That of the party that was last emptied: with one party alone none is made anew each time.
    private Queue<T>? _spare;

    /// <summary>Adds an item behind all others of its party.</summary>
    public void Enqueue(int party, T item)
    {
        if (!_parties.TryGetValue(party, out var items))
        {
            (items, _spare) = (_spare ?? new Queue<T>(), null);
            _parties.Add(party, items);
            _turns.Enqueue((party, items));
        }

        items.Enqueue(item);
    }

    /// <summary>Takes the first item of the party whose turn it is; false where none waits.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        if (!_turns.TryDequeue(out var turn))
        {
            item = default;
            return false;
        }

        item = turn.Items.Dequeue();
        if (turn.Items.Count > 0)
        {
            _turns.Enqueue(turn);
        }
        else
        {
            _parties.Remove(turn.Party);
            _spare = turn.Items;
        }

        return true;
    }
}
