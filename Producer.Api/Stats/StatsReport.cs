namespace Producer.Api.Stats;

/// <summary>The state of the system. What could not be read is not in it, and <see cref="Missing"/> says so: nothing is invented.</summary>
/// <param name="At">When it was read.</param>
/// <param name="Complete">Whether all of it could be read.</param>
public sealed record StatsReport(DateTimeOffset At, bool Complete)
{
    /// <summary>How many mails are in each state. Those that no worker has read yet are not among them: <see cref="Unread"/> counts them.</summary>
    public IReadOnlyDictionary<string, long>? Mails { get; init; }

    /// <summary>How many failures have each status.</summary>
    public IReadOnlyDictionary<string, long>? Failures { get; init; }

    /// <summary>What the workers have yet to read, as the lag of their group.</summary>
    public LagReport? Unread { get; init; }

    /// <summary>What waits in the delay topics, as the lag of their group.</summary>
    public LagReport? Delayed { get; init; }

    /// <summary>Dead letters that have no failure yet, as the lag of their group.</summary>
    public LagReport? DeadLetters { get; init; }

    /// <summary>How fast the live workers send together, by their last heartbeats.</summary>
    public PaceReport? Pace { get; init; }

    /// <summary>The parts that could not be read, and why.</summary>
    public IReadOnlyList<MissingPart> Missing { get; init; } = [];
}

/// <summary>How far a consumer group is behind.</summary>
/// <param name="Group">The group.</param>
/// <param name="Lag">How many records it has yet to read, in all of its topics.</param>
/// <param name="Topics">The same by topic.</param>
public sealed record LagReport(string Group, long Lag, IReadOnlyList<TopicLag> Topics);

/// <summary>How far a group is behind in a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Lag">How many records the group has yet to read.</param>
public sealed record TopicLag(string Topic, long Lag);

/// <summary>A part of the report that could not be read.</summary>
/// <param name="Part">The part's name in the report.</param>
/// <param name="Reason">Why.</param>
public sealed record MissingPart(string Part, string Reason);

/// <summary>How fast the live workers send, together.</summary>
/// <param name="Present">Mails that the mail server accepted in the second before their last heartbeats.</param>
/// <param name="Allowed">Mails a second that they may send, by <c>Smtp:Rate</c> and by what the mail server says; null where nothing limits them.</param>
/// <param name="Throttled">Replies of the mail server that mean slower, since those workers started.</param>
/// <param name="Connections">Connections that it allows them.</param>
public sealed record PaceReport(double Present, double? Allowed, long Throttled, int Connections)
{
    /// <summary>The same by relay; none where the workers have one alone.</summary>
    public IReadOnlyList<RelayPaceReport> Relays { get; init; } = [];
}

/// <summary>How fast the live workers send by one relay of several.</summary>
/// <param name="Name">The relay's name; <c>default</c> is that of <c>Smtp:Host</c>.</param>
/// <param name="Present">Mails that it accepted in the second before their last heartbeats.</param>
/// <param name="Allowed">Mails a second that they may send by it; null where nothing limits them.</param>
/// <param name="Throttled">Its replies that mean slower, since those workers started.</param>
/// <param name="Connections">Connections that it allows them.</param>
/// <param name="UnavailableSince">Since when it lets a worker in no more; null while it lets all in.</param>
/// <param name="UnavailableReason">Why.</param>
public sealed record RelayPaceReport(
    string Name, double Present, double? Allowed, long Throttled, int Connections, DateTimeOffset? UnavailableSince, string? UnavailableReason);
