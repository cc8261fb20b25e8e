using System.Text.Json.Nodes;
using Contracts;

namespace Persistence.Failures;

/// <summary>The result of projecting a dead letter.</summary>
public enum ProjectionKind
{
    /// <summary>A new failure.</summary>
    New,

    /// <summary>This very record was projected before.</summary>
    Known,

    /// <summary>Another record of a failure that is known already; recorded in <c>failure_copies</c>.</summary>
    Copy,

    /// <summary>It was projected before, and the retention job has removed its failure.</summary>
    Removed,
}

/// <summary>A projected dead letter.</summary>
/// <param name="FailureId">Its failure: the new one, or the one that was there.</param>
/// <param name="Kind">Whether that is new.</param>
/// <param name="Fingerprint">The failure's fingerprint.</param>
public sealed record Projection(Guid FailureId, ProjectionKind Kind, string Fingerprint)
{
    /// <summary>Whether this is a failure that people have not been told of.</summary>
    public bool IsNew => Kind == ProjectionKind.New;
}

/// <summary>Why something cannot be done about a failure, or a mail cannot be canceled.</summary>
public enum Refusal
{
    /// <summary>There is no such failure, or mail.</summary>
    NotFound,

    /// <summary>A replay was asked for already and is on its way.</summary>
    ReplayPending,

    /// <summary>It was replayed already.</summary>
    Replayed,

    /// <summary>It was replayed and failed again: the failure of that round is the one to decide about.</summary>
    FailedAgain,

    /// <summary>Its mail was sent.</summary>
    Resolved,

    /// <summary>It was discarded.</summary>
    Discarded,

    /// <summary>A worker is sending the mail at this moment.</summary>
    MailInProgress,

    /// <summary>The mail has moved on: it is sent, canceled, or in a later epoch.</summary>
    MailMovedOn,

    /// <summary>It was not discarded, so there is no discard to undo.</summary>
    NotDiscarded,

    /// <summary>The mail was sent.</summary>
    MailSent,

    /// <summary>Some of the mail's recipients have got it, or may have; it goes on for the others.</summary>
    MailPartlySent,

    /// <summary>The mail was canceled before.</summary>
    MailCanceled,

    /// <summary>The mail is dead: its failure is what to decide about.</summary>
    MailDead,

    /// <summary>The mail was discarded.</summary>
    MailDiscarded,
}

/// <summary>What to produce to send a failed mail again.</summary>
/// <param name="FailureId">The failure, to be marked by <see cref="FailureStore.MarkReplayedAsync(Guid, CancellationToken)"/> once the record is acknowledged.</param>
/// <param name="MailId">The mail's id, for the <c>MessageId</c> header: a new one where the dead letter named none.</param>
/// <param name="Epoch">For the <c>Mail-Epoch</c> header.</param>
/// <param name="Topic">The topic that the record came from, where it is known.</param>
/// <param name="Key">The original key.</param>
/// <param name="Value">The original value.</param>
/// <param name="Headers">All headers of the dead letter: the producer removes those of the fault, the redelivery and the due time.</param>
public sealed record Replay(
    Guid FailureId,
    Guid MailId,
    int Epoch,
    string? Topic,
    byte[]? Key,
    byte[]? Value,
    IReadOnlyList<RecordHeader> Headers);

/// <summary>What is sent in a failed mail's place.</summary>
/// <param name="MailId">The id of the new mail.</param>
/// <param name="Key">Its record's key.</param>
/// <param name="Value">Its record's value.</param>
/// <param name="Changes">What was changed, for the audit.</param>
public sealed record EditedMail(Guid MailId, byte[] Key, byte[] Value, JsonObject Changes);

/// <summary>A replay to produce, or the reason why there is none.</summary>
public abstract record ReplayResult
{
    private ReplayResult()
    {
    }

    /// <summary>Produce this.</summary>
    /// <param name="Replay">The record.</param>
    public sealed record Accepted(Replay Replay) : ReplayResult;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Refused(Refusal Reason) : ReplayResult;
}
