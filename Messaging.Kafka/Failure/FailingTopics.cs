using System.Collections.Concurrent;
using MassTransit;

namespace Messaging.Kafka.Failure;

/// <summary>The dead-letter and delay topics, and those that delayed records return to, that cannot be written now; health shows them.</summary>
internal sealed class FailingTopics
{
    private readonly ConcurrentDictionary<string, KafkaProduceException> _failing = [];

    /// <summary>The topics, with the last error of each.</summary>
    public IEnumerable<KeyValuePair<string, KafkaProduceException>> All => _failing;

    /// <summary>Notes that a topic could not be written.</summary>
    public void Failed(string topic, KafkaProduceException exception) => _failing[topic] = exception;

    /// <summary>Notes that a topic could be written again.</summary>
    public void Recovered(string topic) => _failing.TryRemove(topic, out _);

    /// <summary>Forgets them: what failed belonged to a rider that has stopped since.</summary>
    public void Clear() => _failing.Clear();
}
