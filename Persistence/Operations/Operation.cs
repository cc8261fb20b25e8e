using Persistence.Failures;
using Persistence.Mails;

namespace Persistence.Operations;

/// <summary>What an operation does with each of its failures, or of its mails.</summary>
public enum OperationAction
{
    /// <summary>Sends it again.</summary>
    Replay,

    /// <summary>Discards it.</summary>
    Discard,

    /// <summary>Undoes its discard.</summary>
    Restore,

    /// <summary>Cancels a mail before it is sent: the one action whose set is mails and not failures.</summary>
    Cancel,
}

/// <summary>Where an operation stands.</summary>
public enum OperationState
{
    /// <summary>An instance of the API works on it, or will.</summary>
    Running,

    /// <summary>A person has paused it.</summary>
    Paused,

    /// <summary>All of its set were met.</summary>
    Completed,

    /// <summary>Too many of its replays failed again.</summary>
    Stopped,

    /// <summary>A person has ended it.</summary>
    Canceled,
}

/// <summary>An operation to begin.</summary>
/// <param name="Action">What to do with each failure, or mail.</param>
/// <param name="Actor">Who asks.</param>
public sealed record NewOperation(OperationAction Action, string Actor)
{
    /// <summary>The failures; null where <see cref="Ids"/> names them, or mails are canceled.</summary>
    public FailureFilter? Filter { get; init; }

    /// <summary>The mails of a cancel, of which those are taken that wait or are held; null where <see cref="Ids"/> names them, or failures are acted on.</summary>
    public MailFilter? Mails { get; init; }

    /// <summary>The filter as it was asked for, as JSON, to be shown.</summary>
    public string? FilterJson { get; init; }

    /// <summary>The failures, or of a cancel the mails, each once, in this order; null where a filter says which.</summary>
    public IReadOnlyList<Guid>? Ids { get; init; }

    /// <summary>Why; null where none was given.</summary>
    public string? Reason { get; init; }

    /// <summary>How many at most; null: all.</summary>
    public int? Limit { get; init; }

    /// <summary>Which come first.</summary>
    public FailureOrder Order { get; init; } = FailureOrder.Oldest;

    /// <summary>How many a second at most; null: as fast as it goes.</summary>
    public int? RatePerSecond { get; init; }

    /// <summary>It stops once this many of its replays have failed again; null: it does not.</summary>
    public int? StopAfterFailures { get; init; }
}

/// <summary>An operation. Table <c>email.operations</c>, whose comments say more.</summary>
/// <param name="Id">Its id, a UUID of version 7.</param>
/// <param name="Action">What it does with each failure, or mail.</param>
/// <param name="State">Where it stands.</param>
public sealed record Operation(Guid Id, OperationAction Action, OperationState State)
{
    /// <summary>The filter as it was asked for, as JSON; null where ids were given.</summary>
    public string? Filter { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>How many a second at most.</summary>
    public int? RatePerSecond { get; init; }

    /// <summary>How many replays may fail again before it stops.</summary>
    public int? StopAfterFailures { get; init; }

    /// <summary>How many failures, or mails, its set has.</summary>
    public int Matched { get; init; }

    /// <summary>With how many of them it was done what was asked for.</summary>
    public int Done { get; init; }

    /// <summary>About how many nothing was done, as they had moved on.</summary>
    public int Refused { get; init; }

    /// <summary>Who began it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who paused, resumed or canceled it last.</summary>
    public string? ChangedBy { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>What came of an operation so far.</summary>
/// <param name="Refusals">Failures, or mails, about which nothing was done, by the reason.</param>
/// <param name="Outcomes">Replayed failures by where they stand now: <c>unresolved</c> are being sent, <c>resolved</c> were.</param>
/// <param name="PerSecond">How many a second it met during the last ten seconds.</param>
public sealed record OperationProgress(
    IReadOnlyDictionary<Refusal, int> Refusals, IReadOnlyDictionary<FailureStatus, int> Outcomes, double PerSecond);

/// <summary>A page of operations, newest first.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">For the next page; null on the last.</param>
public sealed record OperationPage(IReadOnlyList<Operation> Items, string? NextCursor);

/// <summary>What a batch of an operation came to.</summary>
/// <param name="Replays">What is to be produced, and marked then (<see cref="FailureStore.MarkReplayedAsync(IReadOnlyCollection{Guid}, CancellationToken)"/>).</param>
/// <param name="Met">How many of its set it met.</param>
/// <param name="State">Where the operation stands after it.</param>
public sealed record OperationBatch(IReadOnlyList<Replay> Replays, int Met, OperationState State);
