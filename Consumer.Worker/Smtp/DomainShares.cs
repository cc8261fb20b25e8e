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
    private readonly LinkedList<Waiter> _waiting = [];
    private readonly TimeProvider _timeProvider;
    private readonly int _share;
    private (string Domain, long At)? _last;
    private (string Domain, long At)? _lastOther;

    public DomainShares(IOptions<SmtpOptions> options, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _share = ShareOf(options.Value.MaxConnections);
    }

    /// <summary>How many of so many connections one domain may hold. One connection cannot be shared.</summary>
    public static int ShareOf(int connections) => Math.Max(1, connections * 3 / 4);

    /// <summary>Waits until the domains of these recipients may have a connection more. Disposing what it returns gives it back.</summary>
    public async Task<IDisposable> EnterAsync(IReadOnlyList<string> recipients, CancellationToken cancellationToken)
    {
        var domains = recipients.Select(Domain).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        Waiter waiter;
        lock (_lock)
        {
            foreach (var domain in domains)
                See(domain);
            // Another domain may be about from now on, or no longer: those that wait are looked at in their order, this one last.
            waiter = new Waiter(domains);
            waiter.Place = _waiting.AddLast(waiter);
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
            _waiting.Remove(waiter.Place);
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

    private void Admit()
    {
        for (var place = _waiting.First; place is not null;)
        {
            var (waiter, next) = (place.Value, place.Next);
            if (Array.TrueForAll(waiter.Domains, MayHaveMore))
            {
                _waiting.Remove(place);
                waiter.Place = null;
                foreach (var domain in waiter.Domains)
                    _inUse[domain] = _inUse.GetValueOrDefault(domain) + 1;
                waiter.Entered.SetResult();
            }

            place = next;
        }
    }

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

    private sealed class Waiter(string[] domains)
    {
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
