namespace Messaging.Kafka.Sending;

/// <summary>A topic's address for MassTransit: <c>topic:orders</c>.</summary>
internal static class TopicAddress
{
    /// <summary>The scheme.</summary>
    public const string Scheme = "topic";

    /// <summary>The address of a topic.</summary>
    public static Uri Of(string topic) => new($"{Scheme}:{topic}");

    /// <summary>The topic of an address.</summary>
    /// <exception cref="ArgumentException">The address is not a topic's.</exception>
    public static string TopicOf(Uri address) =>
        address.IsAbsoluteUri && address.Scheme == Scheme && address.AbsolutePath.Trim('/') is { Length: > 0 } topic
            ? topic
            : throw new ArgumentException($"{address} is not the address of a topic: write {Scheme}:name", nameof(address));
}
