namespace MailSink.Counting;

/// <summary>
/// How often each (<c>Message-ID</c>, recipient) was stored. By recipient, as a mail that one recipient did not take
/// is rightly sent again to that one alone. Remembers the last million; mails without a Message-ID are not counted.
/// </summary>
public sealed class MessageIdCounts
{
    private const int MostRemembered = 1_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string MessageId, string Recipient), int> _counts = [];
    private readonly Queue<(string MessageId, string Recipient)> _order = new();

    internal MessageIdCounts()
    {
    }

    /// <summary>Deliveries that came more than once.</summary>
    public IReadOnlyList<RepeatedDelivery> Duplicates
    {
        get
        {
            lock (_lock)
            {
                return [.. _counts
                    .Where(entry => entry.Value > 1)
                    .Select(entry => new RepeatedDelivery(entry.Key.MessageId, entry.Key.Recipient, entry.Value))];
            }
        }
    }

    /// <summary>How many different Message-IDs are remembered.</summary>
    public int Distinct
    {
        get
        {
            lock (_lock)
                return _counts.Keys.Select(key => key.MessageId).Distinct().Count();
        }
    }

    /// <summary>How often this mail was stored for this recipient.</summary>
    /// <param name="messageId">Without angle brackets.</param>
    /// <param name="recipient">The address as in RCPT TO, without regard to case.</param>
    public int Of(string messageId, string recipient)
    {
        lock (_lock)
            return _counts.GetValueOrDefault(Key(messageId, recipient));
    }

    internal void Add(string messageId, IReadOnlyList<string> recipients)
    {
        if (messageId.Length == 0)
            return;

        lock (_lock)
        {
            foreach (var recipient in recipients)
            {
                var key = Key(messageId, recipient);
                if (_counts.TryGetValue(key, out var count))
                {
                    _counts[key] = count + 1;
                    continue;
                }

                if (_order.Count >= MostRemembered)
                    _counts.Remove(_order.Dequeue());
                _counts[key] = 1;
                _order.Enqueue(key);
            }
        }
    }

    internal void Clear()
    {
        lock (_lock)
        {
            _counts.Clear();
            _order.Clear();
        }
    }

    private static (string MessageId, string Recipient) Key(string messageId, string recipient) => (messageId, recipient.ToLowerInvariant());
}

/// <summary>A mail that was stored more than once for a recipient.</summary>
/// <param name="MessageId">Its Message-ID, without angle brackets.</param>
/// <param name="Recipient">The recipient's address, in lower case.</param>
/// <param name="Count">How often it was stored.</param>
public sealed record RepeatedDelivery(string MessageId, string Recipient, int Count);
