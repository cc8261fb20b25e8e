using System.Text.Json;

namespace Messaging.Kafka;

/// <summary>How long brokers held back a client's requests, by its statistics: what quotas do.</summary>
/// <param name="Broker">The broker.</param>
/// <param name="Longest">The longest time that a request was held back.</param>
internal readonly record struct Throttling(string Broker, TimeSpan Longest)
{
    /// <summary>What a client's statistics say of it, broker by broker; those that hold back nothing are not in it.</summary>
    public static IEnumerable<Throttling> Of(string statistics)
    {
        using var document = JsonDocument.Parse(statistics);
        var found = new List<Throttling>();
        if (!document.RootElement.TryGetProperty("brokers", out var brokers))
            return found;
        foreach (var broker in brokers.EnumerateObject())
        {
            if (broker.Value.TryGetProperty("throttle", out var throttle) && throttle.TryGetProperty("max", out var max) && max.GetInt64() is var milliseconds and > 0)
                found.Add(new Throttling(broker.Name, TimeSpan.FromMilliseconds(milliseconds)));
        }

        return found;
    }
}
