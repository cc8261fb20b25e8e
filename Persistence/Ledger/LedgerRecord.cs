using Persistence.Mails;

namespace Persistence.Ledger;

/// <summary>A record of the topic, as far as the ledger asks about it. Small, whatever the mail's size.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Timestamp">Its timestamp.</param>
/// <param name="Identity">Mail, epoch and attempt.</param>
/// <param name="ContentHash">SHA-256 of its value.</param>
public sealed record LedgerRecord(
    string Topic, int Partition, long Offset, DateTimeOffset Timestamp, RecordIdentity Identity, byte[] ContentHash);

/// <summary>What the database has for a record.</summary>
/// <param name="Row">The mail's row, or null.</param>
/// <param name="HasFailure">Whether there is a failure of this record, looked for where the row says nothing of it.</param>
public sealed record LedgerEntry(RowFacts? Row, bool HasFailure);

/// <summary>A mail that is not finished, and what its row says about how it goes on.</summary>
public sealed record OpenMail
{
    /// <summary>The mail.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its row, as the claim sees it; the holder's lease is that of the moment.</summary>
    public required RowFacts Row { get; init; }

    /// <summary>The attempt that its redelivery carries.</summary>
    public int? NextAttempt { get; init; }

    /// <summary>Whether a replay was asked for whose record is not yet acknowledged: a sweep produces it.</summary>
    public bool ReplayPending { get; init; }

    /// <summary>Whether the epoch that is dead has its failure.</summary>
    public bool HasFailure { get; init; }

    /// <summary>Where its first record lay.</summary>
    public string? FirstTopic { get; init; }

    /// <inheritdoc cref="FirstTopic"/>
    public int? FirstPartition { get; init; }

    /// <inheritdoc cref="FirstTopic"/>
    public long? FirstOffset { get; init; }

    /// <summary>That record's timestamp.</summary>
    public DateTimeOffset? FirstTimestamp { get; init; }

    /// <summary>The mail's subject.</summary>
    public string? Subject { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; init; }

    /// <summary>When its row was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>The bytes of a mail that the database has: those of its latest failure.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The dead letter's headers.</param>
public sealed record StoredBytes(byte[]? Key, byte[]? Value, IReadOnlyList<Contracts.RecordHeader> Headers);
