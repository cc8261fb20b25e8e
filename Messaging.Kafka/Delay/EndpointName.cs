using System.Text;
using Confluent.Kafka;

namespace Messaging.Kafka.Delay;

/// <summary>An endpoint as the records that it redelivers name it (<see cref="DelayHeaders.Endpoint"/>): <c>topic/group</c>. No I/O.</summary>
internal sealed class EndpointName
{
    private readonly byte[] _name;
    private readonly int _topic;

    public EndpointName(string topic, string group)
    {
        Text = $"{topic}/{group}";
        _name = Encoding.UTF8.GetBytes(Text);
        _topic = Encoding.UTF8.GetByteCount(topic) + 1;
    }

    /// <summary>The name.</summary>
    public string Text { get; }

    /// <summary>
    /// Whether a record of the topic was redelivered to another group alone. A record that names another topic was copied from there with
    /// its headers, and is as good as any here.
    /// </summary>
    public bool IsPassedOver(Headers? headers) =>
        headers is not null && headers.TryGetLastBytes(DelayHeaders.Endpoint, out var named) && named is not null
        && named.AsSpan().StartsWith(_name.AsSpan(0, _topic)) && !named.AsSpan().SequenceEqual(_name);
}
