using Consumer.Worker.Smtp.Pace;
using Contracts;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Keeps one domain whose recipients hang from holding all connections. While mails for several domains are about, each domain has three
/// quarters of the connections at most; the rest is for the others, also where none of them waits at this moment. A domain that is alone has them all.
/// </summary>
internal sealed class DomainShares
{
    /// <summary>How long after its last mail another domain counts as being about.</summary>
    public static readonly TimeSpan OthersAreAbout = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inUse = new(StringComparer.OrdinalIgnoreCase);
    private readonly LinkedList<Waiter> _transactional = [];
    private readonly LinkedList<Waiter> _bulk = [];
    private readonly StreamTurns _turns = new();
    private readonly TimeProvider _timeProvider;
    private readonly int _share;
    private (string Domain, long At)? _last;
    private (string Domain, long At)? _lastOther;

    public DomainShares(IOptions<RelayOptions> options, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _share = ShareOf(options.Value.MaxConnections);
    }

    /// <summary>How many of so many connections one domain may hold. One connection cannot be shared.</summary>
    public static int ShareOf(int connections) => Math.Max(1, connections * 3 / 4);

    /// <summary>Waits until the domains of these recipients may have a connection more. Disposing what it returns gives it back.</summary>
    public async Task<IDisposable> EnterAsync(IReadOnlyList<string> recipients, MailStream stream, CancellationToken cancellationToken)
    {
        var domains = recipients.Select(Domain).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        Waiter waiter;
        lock (_lock)
        {
            foreach (var domain in domains)
                See(domain);
            // Another domain may be about from now on, or no longer: those that wait are looked at in their order, this one last.
            waiter = new Waiter(domains, stream);
            waiter.Place = LineOf(stream).AddLast(waiter);
            Admit();
        }

        await using (cancellationToken.UnsafeRegister(Cancel, waiter))
            await waiter.Entered.Task;
        return new Share(this, domains);
    }

    private void Cancel(object? state, CancellationToken cancellationToken)
    {
        var waiter = (Waiter)state!;
        lock (_lock)
        {
            // Either it waits, or it has entered and its caller gives the share back.
            if (waiter.Place is null)
                return;
            LineOf(waiter.Stream).Remove(waiter.Place);
            waiter.Place = null;
        }

        waiter.Entered.TrySetCanceled(cancellationToken);
    }

    private void Leave(string[] domains)
    {
        lock (_lock)
        {
            foreach (var domain in domains)
            {
                if (--_inUse[domain] == 0)
                    _inUse.Remove(domain);
            }

            Admit();
        }
    }

    /// <summary>The streams take turns, as everywhere; whoever's domain has its share lets the others by.</summary>
    private void Admit()
    {
        while ((NextThatMay(_turns.First) ?? NextThatMay(_turns.Second)) is { } waiter)
        {
            LineOf(waiter.Stream).Remove(waiter.Place!);
            waiter.Place = null;
            _turns.Took(waiter.Stream);
            foreach (var domain in waiter.Domains)
                _inUse[domain] = _inUse.GetValueOrDefault(domain) + 1;
            waiter.Entered.SetResult();
        }
    }

    private Waiter? NextThatMay(MailStream stream) => LineOf(stream).FirstOrDefault(waiter => Array.TrueForAll(waiter.Domains, MayHaveMore));

    private LinkedList<Waiter> LineOf(MailStream stream) => stream == MailStream.Bulk ? _bulk : _transactional;

    private bool MayHaveMore(string domain) => _inUse.GetValueOrDefault(domain) < _share || !OthersThan(domain);

    private bool OthersThan(string domain) =>
        _inUse.Keys.Any(other => !Same(other, domain)) || IsAbout(_last, domain) || IsAbout(_lastOther, domain);

    private bool IsAbout((string Domain, long At)? seen, string domain) =>
        seen is { } mail && !Same(mail.Domain, domain) && _timeProvider.GetElapsedTime(mail.At) < OthersAreAbout;

    /// <summary>The last domain and the last other one are enough to tell of each domain whether another is about.</summary>
    private void See(string domain)
    {
        if (_last is { } last && !Same(last.Domain, domain))
            _lastOther = last;
        _last = (domain, _timeProvider.GetTimestamp());
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static string Domain(string address) => address[(address.LastIndexOf('@') + 1)..];

    private sealed class Waiter(string[] domains, MailStream stream)
    {
        public MailStream Stream => stream;

        public string[] Domains => domains;

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Where it waits; null once it has entered or gone.</summary>
        public LinkedListNode<Waiter>? Place { get; set; }
    }

    private sealed class Share(DomainShares shares, string[] domains) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                shares.Leave(domains);
        }
    }
}
