namespace Messaging.Kafka.Receiving;

/// <summary>
/// The deliveries of an assignment whose handlers run. Each is a link of the list itself, so that beginning and ending one costs neither
/// memory nor a search. No locks.
/// </summary>
internal sealed class RunningDeliveries
{
    private Delivery? _first;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds one that has begun.</summary>
    public void Add(Delivery delivery)
    {
        delivery.Next = _first;
        _first?.Previous = delivery;
        _first = delivery;
        Count++;
    }

    /// <summary>Removes one whose handler has returned.</summary>
    public void Remove(Delivery delivery)
    {
        if (delivery.Previous is { } previous)
            previous.Next = delivery.Next;
        else
            _first = delivery.Next;
        delivery.Next?.Previous = delivery.Previous;
        (delivery.Next, delivery.Previous) = (null, null);
        Count--;
    }

    /// <summary>All of them, as they are now.</summary>
    public List<Delivery> ToList()
    {
        var all = new List<Delivery>(Count);
        for (var delivery = _first; delivery is not null; delivery = delivery.Next)
            all.Add(delivery);
        return all;
    }
}
