using Contracts;

namespace Persistence.Mails;

/// <summary>The record that sends a mail that waits in its row, once it is due or its hold ends.</summary>
/// <param name="Key">Its key, byte for byte.</param>
/// <param name="Value">Its value, byte for byte.</param>
/// <param name="Headers">Its headers.</param>
public sealed record WaitingRecord(byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers);

/// <summary>The record that sends a scheduled mail when it is due.</summary>
/// <param name="Due">When that is.</param>
/// <param name="Record">The record.</param>
public sealed record ScheduledRecord(DateTimeOffset Due, WaitingRecord Record);

/// <summary>A mail that is due: its time has come, or its hold ended.</summary>
/// <param name="MailId">The mail.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="TakenAt">When it was taken, by the clock of Postgres: it is taken anew where it is due once more.</param>
/// <param name="Topic">The topic that its first record was in.</param>
/// <param name="ScheduledAt">When it was to be sent, where it was scheduled.</param>
/// <param name="Record">What to produce.</param>
public sealed record DueMail(Guid MailId, int Epoch, DateTimeOffset TakenAt, string? Topic, DateTimeOffset? ScheduledAt, WaitingRecord Record);

/// <summary>The result of rescheduling a mail.</summary>
public enum RescheduleResult
{
    /// <summary>It waits for that time, by this call or an earlier one.</summary>
    Rescheduled,

    /// <summary>It has no row.</summary>
    NotFound,

    /// <summary>It is not scheduled, or its time has come: nothing was changed.</summary>
    Refused,
}

/// <summary>The result of canceling a mail.</summary>
public enum CancelResult
{
    /// <summary>It is canceled, by this call or an earlier one.</summary>
    Canceled,

    /// <summary>It has no row, and the caller does not know it either.</summary>
    NotFound,

    /// <summary>It is being sent, or was sent, or is dead or discarded, or a recipient has it or may have it: nothing was changed.</summary>
    Refused,
}
