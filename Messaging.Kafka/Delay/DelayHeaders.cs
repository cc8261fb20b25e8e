namespace Messaging.Kafka.Delay;

/// <summary>The headers of a record that waits in a delay topic, and of one that came back from there. All are text.</summary>
public static class DelayHeaders
{
    /// <summary>When the record is due: milliseconds since 1970, UTC. Taken off when it returns to its topic.</summary>
    public const string Due = "MT-Delay-Due";

    /// <summary>
    /// The topic that the record goes back to, where its delay topics are another one's; absent: that one. Taken off when it returns.
    /// </summary>
    public const string Topic = "MT-Delay-Topic";

    /// <summary>
    /// Where the record last waited, as <c>topic/partition/offset</c>. A crash between the forward and its commit writes a second
    /// copy, with the same origin: whoever remembers the origins it has seen can tell.
    /// </summary>
    public const string Origin = "MT-Delay-Origin";
}
