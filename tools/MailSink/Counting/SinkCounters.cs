using System.Collections.Concurrent;
using MailSink.Mails;

namespace MailSink.Counting;

/// <summary>What the server saw since its start, or since <see cref="Reset"/>. Goes on counting mails that are no longer stored.</summary>
public sealed class SinkCounters
{
    private readonly ConcurrentDictionary<int, Count> _replies = new();
    private long _connections;
    private long _open;
    private long _mails;
    private long _recipients;
    private long _bytes;
    private long _tls;
    private long _rules;
    private long _repliesLost;

    internal SinkCounters()
    {
    }

    /// <summary>Connections taken.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Connections open now.</summary>
    public long OpenConnections => Interlocked.Read(ref _open);

    /// <summary>Mails stored, also those whose final reply was then dropped.</summary>
    public long Mails => Interlocked.Read(ref _mails);

    /// <summary>Recipients of the mails stored.</summary>
    public long Recipients => Interlocked.Read(ref _recipients);

    /// <summary>Bytes of the mails stored.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>TLS handshakes that succeeded.</summary>
    public long TlsHandshakes => Interlocked.Read(ref _tls);

    /// <summary>How often a rule, of the script or of an address, acted.</summary>
    public long RulesApplied => Interlocked.Read(ref _rules);

    /// <summary>Commands done, but left without a reply on request; at the end of the content such a mail is stored.</summary>
    public long RepliesLost => Interlocked.Read(ref _repliesLost);

    /// <summary>How often each reply code was given.</summary>
    public IReadOnlyDictionary<int, long> Replies => _replies.ToArray().OrderBy(reply => reply.Key).ToDictionary(reply => reply.Key, reply => reply.Value.Read());

    /// <summary>How often each mail was stored for each recipient; what is above one was sent twice.</summary>
    public MessageIdCounts MessageIds { get; } = new();

    /// <summary>How often a reply code was given.</summary>
    public long RepliesWith(int code) => _replies.TryGetValue(code, out var count) ? count.Read() : 0;

    /// <summary>Sets all counts to zero, but for the connections open now.</summary>
    public void Reset()
    {
        Interlocked.Exchange(ref _connections, 0);
        Interlocked.Exchange(ref _mails, 0);
        Interlocked.Exchange(ref _recipients, 0);
        Interlocked.Exchange(ref _bytes, 0);
        Interlocked.Exchange(ref _tls, 0);
        Interlocked.Exchange(ref _rules, 0);
        Interlocked.Exchange(ref _repliesLost, 0);
        _replies.Clear();
        MessageIds.Clear();
    }

    internal void CountConnection(int change)
    {
        Interlocked.Add(ref _open, change);
        if (change > 0)
            Interlocked.Increment(ref _connections);
    }

    internal void CountMail(ReceivedMail mail)
    {
        Interlocked.Increment(ref _mails);
        Interlocked.Add(ref _recipients, mail.Recipients.Count);
        Interlocked.Add(ref _bytes, mail.Size);
        MessageIds.Add(mail.MessageId, mail.Recipients);
    }

    internal void CountReply(int code) => _replies.GetOrAdd(code, _ => new Count()).Increment();

    internal void CountTls() => Interlocked.Increment(ref _tls);

    internal void CountRule() => Interlocked.Increment(ref _rules);

    internal void CountReplyLost() => Interlocked.Increment(ref _repliesLost);

    private sealed class Count
    {
        private long _value;

        public void Increment() => Interlocked.Increment(ref _value);

        public long Read() => Interlocked.Read(ref _value);
    }
}
