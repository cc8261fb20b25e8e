namespace Persistence.Workers;

/// <summary>A running worker and its lease. Table <c>email.workers</c>.</summary>
public sealed class Worker
{
    /// <summary>New with each start of the process.</summary>
    public Guid Id { get; init; }

    /// <summary>Host and process id, for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>When it started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was heard of last.</summary>
    public DateTimeOffset HeartbeatAt { get; init; }

    /// <summary>Until when the mails that it is sending are protected.</summary>
    public DateTimeOffset LeaseUntil { get; init; }

    /// <summary>Since when it sends nothing, as a dependency is unavailable; null while it sends.</summary>
    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>Why.</summary>
    public string? PausedReason { get; init; }

    /// <summary>Mails that the mail server accepted in the second before the last heartbeat.</summary>
    public double? RatePresent { get; init; }

    /// <summary>Mails a second that it may send; null where nothing limits them.</summary>
    public double? RateAllowed { get; init; }

    /// <summary>Replies that mean slower, since it started.</summary>
    public long? ThrottledReplies { get; init; }

    /// <summary>Connections that the mail server allows it; null where it does not tell its pace.</summary>
    public int? ConnectionsAllowed { get; init; }

    /// <summary>What it tells of each of its relays, as JSON; null where it has one alone.</summary>
    public string? Relays { get; init; }

    /// <summary>When it stopped in an orderly way.</summary>
    public DateTimeOffset? StoppedAt { get; init; }
}
