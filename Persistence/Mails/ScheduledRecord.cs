using Contracts;

namespace Persistence.Mails;

/// <summary>The record that sends a scheduled mail when it is due.</summary>
/// <param name="Due">When that is.</param>
/// <param name="Key">Its key, byte for byte.</param>
/// <param name="Value">Its value, byte for byte.</param>
/// <param name="Headers">Its headers.</param>
public sealed record ScheduledRecord(DateTimeOffset Due, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers);

/// <summary>A scheduled mail that is due.</summary>
/// <param name="MailId">The mail.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Topic">The topic that its first record was in.</param>
/// <param name="Record">What to produce.</param>
public sealed record DueMail(Guid MailId, int Epoch, string? Topic, ScheduledRecord Record);

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
