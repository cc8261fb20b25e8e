using System.Collections.Concurrent;
using System.Globalization;

namespace Messaging.Kafka;

/// <summary>The brokers that have refused the login, or failed the TLS handshake, of late. No I/O; for any thread.</summary>
internal sealed class LoginRefusals(TimeProvider timeProvider)
{
    /// <summary>For how long a refusal counts: a client that is refused tries again sooner.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (long At, string Reason)> _brokers = [];

    /// <summary>Notes a refusal.</summary>
    /// <param name="reason">What the client says of it: <c>sasl_ssl://host:port/id: words</c>.</param>
    public void Note(string reason)
    {
        var end = reason.IndexOf(": ", StringComparison.Ordinal);
        if (end < 0)
            return;
        var name = reason[..end];
        var begin = name.IndexOf("://", StringComparison.Ordinal) is var at and >= 0 ? at + 3 : 0;
        var slash = name.IndexOf('/', begin);
        // The address that a client begins with is one of a broker's, too, under another name maybe.
        if (name.EndsWith("/bootstrap", StringComparison.Ordinal))
            return;
        _brokers[slash < 0 ? name[begin..] : name[begin..slash]] = (timeProvider.GetTimestamp(), reason[(end + 2)..]);
    }

    /// <summary>What there is to say, or null.</summary>
    /// <param name="brokers">How many brokers the cluster has.</param>
    public string? Say(int brokers)
    {
        var recent = _brokers.Where(broker => timeProvider.GetElapsedTime(broker.Value.At) < Lasts).ToList();
        return recent.Count == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{recent.Count} of {Math.Max(brokers, recent.Count)} brokers {(recent.Count == 1 ? "refuses" : "refuse")} our login: {string.Join("; ", recent.Select(broker => $"{broker.Key}: {broker.Value.Reason}"))}");
    }
}
