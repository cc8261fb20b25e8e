using Contracts;

namespace Persistence.Mails;

/// <summary>The copy that sends a scheduled mail when it is due.</summary>
/// <param name="Due">When that is.</param>
/// <param name="Key">Its key, byte for byte.</param>
/// <param name="Value">Its value, byte for byte.</param>
/// <param name="Headers">Its headers.</param>
public sealed record ScheduledRecord(DateTimeOffset Due, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers);

/// <summary>A scheduled mail whose copy is missing.</summary>
/// <param name="MailId">The mail.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Record">What to produce.</param>
public sealed record MissingCopy(Guid MailId, int Epoch, ScheduledRecord Record)
{
    /// <summary>The record that was kept: what the copy's outbox entry is marked under.</summary>
    public RecordIdentity Identity => new(MailId, Epoch, 0);
}

/// <summary>What became of a wish to cancel a mail.</summary>
public enum CancelResult
{
    /// <summary>It is canceled, by this call or an earlier one.</summary>
    Canceled,

    /// <summary>It has no row, and the caller does not know it either.</summary>
    NotFound,

    /// <summary>It is being sent, or has ended, or somebody has got it or may have: nothing was changed.</summary>
    Refused,
}
