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

    /// <summary>
    /// The delay group that brings the record back, where several groups have delay topics of one topic; absent: whoever reads it does.
    /// Taken off when it returns.
    /// </summary>
    public const string Group = "MT-Delay-Group";

    /// <summary>
    /// The endpoint that has redelivered the record, as <c>topic/group</c>: other groups that read this topic pass it over, as they have had
    /// their own delivery of it. Absent: it is for all of them.
    /// </summary>
    public const string Endpoint = "MT-Delay-Endpoint";

    /// <summary>Whether a header is one of these, and so tells of one delay, which a further one must not take over.</summary>
    internal static bool IsOne(string name) => name is Due or Topic or Origin or Group or Endpoint;
}
