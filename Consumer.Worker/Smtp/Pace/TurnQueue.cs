using System.Diagnostics.CodeAnalysis;
using Contracts;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// Those that wait, in the order in which they go: by <see cref="StreamTurns"/>, and within a stream in turn over the senders (round robin),
/// of each in its order. Who waits may leave at any time. Pure; not for several threads.
/// </summary>
/// <typeparam name="T">Who waits.</typeparam>
internal sealed class TurnQueue<T>
{
    private readonly StreamTurns _turns = new();
    private readonly Line _transactional = new(MailStream.Transactional);
    private readonly Line _bulk = new(MailStream.Bulk);

    /// <summary>How many wait.</summary>
    public int Count => _transactional.Count + _bulk.Count;

    /// <summary>Adds one behind all others of its party.</summary>
    /// <returns>Its place, by which it may leave.</returns>
    public Place Add(Party party, T item) => LineOf(party.Stream).Add(party.Sender ?? "", item);

    /// <summary>Takes the next; false where none waits.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        var first = LineOf(_turns.First);
        var line = first.Count > 0 ? first : LineOf(_turns.Second);
        if (!line.TryTake(out item))
            return false;
        _turns.Took(line.Stream);
        return true;
    }

    private Line LineOf(MailStream stream) => stream == MailStream.Bulk ? _bulk : _transactional;

    /// <summary>The mails of a stream, by sender, and the senders in turn.</summary>
    internal sealed class Line(MailStream stream)
    {
        private readonly Dictionary<string, Sender> _senders = new(StringComparer.Ordinal);
        private readonly LinkedList<Sender> _next = [];

        public MailStream Stream => stream;

        public int Count { get; private set; }

        public Place Add(string name, T item)
        {
            if (!_senders.TryGetValue(name, out var sender))
            {
                _senders.Add(name, sender = new Sender(name));
                sender.Turn = _next.AddLast(sender);
            }

            Count++;
            return new Place(this, sender, sender.Items.AddLast(item));
        }

        public bool TryTake([MaybeNullWhen(false)] out T item)
        {
            if (_next.First is not { Value: var sender } turn)
            {
                item = default;
                return false;
            }

            var place = sender.Items.First!;
            item = place.Value;
            Remove(sender, place);
            if (sender.Items.Count > 0)
            {
                _next.Remove(turn);
                _next.AddLast(turn);
            }

            return true;
        }

        public void Remove(Sender sender, LinkedListNode<T> place)
        {
            Count--;
            sender.Items.Remove(place);
            if (sender.Items.Count > 0)
                return;
            _senders.Remove(sender.Name);
            _next.Remove(sender.Turn!);
        }
    }

    internal sealed class Sender(string name)
    {
        public string Name => name;

        public LinkedList<T> Items { get; } = [];

        /// <summary>Where it is among the senders.</summary>
        public LinkedListNode<Sender>? Turn { get; set; }
    }

    /// <summary>The place of one that waits.</summary>
    internal sealed class Place(Line line, Sender sender, LinkedListNode<T> node)
    {
        /// <summary>Takes it off, as it does not wait any more; false where it was taken before.</summary>
        public bool Leave()
        {
            if (node.List is null)
                return false;
            line.Remove(sender, node);
            return true;
        }
    }
}
