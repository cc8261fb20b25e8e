using System.Collections.Concurrent;

namespace Messaging.Kafka.Receiving;

/// <summary>What an endpoint has for each of its topics: one topic, unless it reads a pattern.</summary>
/// <param name="settings">The endpoint's.</param>
/// <param name="create">Makes it for a topic.</param>
internal sealed class PerTopic<T>(ConsumerSettings settings, Func<string, T> create)
    where T : class
{
    private readonly ConcurrentDictionary<string, T> _matched = [];
    private readonly T? _only = settings.Pattern is null ? create(settings.Topics[0]) : null;

    /// <summary>That of a topic.</summary>
    public T Of(string topic) => _only ?? _matched.GetOrAdd(topic, create);
}
