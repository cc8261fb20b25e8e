using System.Text.Json.Serialization;
using Persistence.Mails;

namespace Consumer.Worker.Ledger;

/// <summary>What the ledger found. Printed as a table or as JSON.</summary>
internal sealed record LedgerReport
{
    /// <summary>When the reading began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The topics that were read.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>The group up to whose committed offsets it was read.</summary>
    public required string Group { get; init; }

    /// <summary>Whether nothing is missing.</summary>
    public bool Clean => Findings.Count == 0;

    /// <summary>What was read of each partition.</summary>
    public required IReadOnlyList<ProvenPartition> Partitions { get; init; }

    /// <summary>The records that were read, by what speaks for them.</summary>
    public required RecordSums Records { get; init; }

    /// <summary>What is still to be read, by topic.</summary>
    public required IReadOnlyDictionary<string, long> Unread { get; init; }

    /// <summary>Mails by state.</summary>
    public required IReadOnlyDictionary<string, long> Mails { get; init; }

    /// <summary>Unfinished mails, by what will complete them.</summary>
    public required OpenSums Unfinished { get; init; }

    /// <summary>Whether the database seems older than what the group has committed, as one that was restored from a backup is.</summary>
    public required bool IsOlder { get; init; }

    /// <summary>What a reader must know of the proof's bounds.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>What is missing.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>A partition's part in the proof.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="From">The offset at which the proof begins: what retention has left.</param>
/// <param name="To">The committed offset, up to which it goes.</param>
/// <param name="End">The partition's end.</param>
internal sealed record ProvenPartition(string Topic, int Partition, long From, long To, long End);

/// <summary>Records below the committed offsets, by what speaks for them.</summary>
internal sealed record RecordSums
{
    public long Read { get; set; }

    public long WithRow { get; set; }

    public long WithFailure { get; set; }

    /// <summary>Dead letters that are still to become failures.</summary>
    public long DeadLetterUnread { get; set; }

    /// <summary>A further record of the same mail is still to be read, as a repair leaves it.</summary>
    public long UnderWay { get; set; }

    /// <summary>Older than the retention job's horizon: whether they ever had rows is no longer known.</summary>
    public long OlderThanRetention { get; set; }

    /// <summary>Another installation's, by header <c>Mail-Installation</c>: not looked up, and never repaired.</summary>
    public long OtherInstallation { get; set; }

    public long Missing { get; set; }
}

/// <summary>Unfinished mails, by what moves them on.</summary>
internal sealed record OpenSums
{
    public long Lease { get; set; }

    public long Replay { get; set; }

    public long Schedule { get; set; }

    /// <summary>A record or dead letter that is still to be read.</summary>
    public long Record { get; set; }

    public long Nothing { get; set; }
}

/// <summary>Which promise a finding breaks.</summary>
internal enum FindingKind
{
    /// <summary>A record below the committed offset that nothing speaks for.</summary>
    Record,

    /// <summary>An unfinished mail that nothing moves on.</summary>
    Mail,

    /// <summary>Records that retention deleted before they were read.</summary>
    DeletedUnread,
}

/// <summary>How a finding can be put back.</summary>
internal enum RepairKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By the same record once more.</summary>
    SameRecord,

    /// <summary>By the mail's bytes in the record that its row waits for.</summary>
    NextRecord,

    /// <summary>By its bytes as a dead letter, of which the failure is made.</summary>
    DeadLetter,
}

/// <summary>Something that is missing.</summary>
internal sealed record Finding
{
    /// <summary>Where its bytes go.</summary>
    [JsonIgnore]
    public RepairKind RepairBy { get; init; }

    public required FindingKind Kind { get; init; }

    /// <summary>What is wrong, for people.</summary>
    public required string Why { get; init; }

    public string? Topic { get; init; }

    public int? Partition { get; init; }

    public long? Offset { get; init; }

    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The mail.</summary>
    public Guid? MailId { get; init; }

    /// <summary>The epoch of the record, or that the mail waits for.</summary>
    public int? Epoch { get; init; }

    /// <summary>The attempt of the record, or that the mail waits for.</summary>
    public int? Attempt { get; init; }

    /// <summary>The mail's state, where it has a row.</summary>
    public MailState? State { get; init; }

    public string? Subject { get; init; }

    /// <summary>What went wrong last with the mail, where that is known.</summary>
    public string? LastError { get; init; }

    /// <summary>What a repair has done, or what can be done where it could do nothing.</summary>
    public string? Repair { get; set; }

    /// <summary>Whether it was put back.</summary>
    public bool Repaired { get; set; }
}
