using System.Text.Json;
using Persistence.Failures;
using Persistence.Operations;
using Persistence.Text;

namespace Producer.Api.Operations;

/// <summary>An operation.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Action">What it does with each failure, or of a cancel with each mail.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Matched">How many failures, or mails, its set has.</param>
/// <param name="Done">With how many of them it was done what was asked for.</param>
/// <param name="Refused">About how many nothing was done, as they had moved on or were not there.</param>
/// <param name="CreatedBy">Who began it.</param>
/// <param name="CreatedAt">When.</param>
public sealed record OperationReport(
    Guid Id, OperationAction Action, OperationState State, int Matched, int Done, int Refused, string CreatedBy, DateTimeOffset CreatedAt)
{
    /// <summary>The filter that its failures, or mails, were chosen by, where they were.</summary>
    public JsonElement? Filter { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>How many a second at most.</summary>
    public int? RatePerSecond { get; init; }

    /// <summary>After how many replays that failed again it stops.</summary>
    public int? StopAfterFailures { get; init; }

    /// <summary>Who paused, resumed or canceled it last.</summary>
    public string? ChangedBy { get; init; }

    /// <summary>When it went on, or was changed, last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What came of it so far; not in lists.</summary>
    public ProgressReport? Progress { get; init; }

    internal static OperationReport Of(Operation operation, OperationProgress? progress = null) => new(
        operation.Id, operation.Action, operation.State, operation.Matched, operation.Done, operation.Refused, operation.CreatedBy, operation.CreatedAt)
    {
        Filter = operation.Filter is { } filter ? JsonElement.Parse(filter) : null,
        Reason = operation.Reason,
        RatePerSecond = operation.RatePerSecond,
        StopAfterFailures = operation.StopAfterFailures,
        ChangedBy = operation.ChangedBy,
        UpdatedAt = operation.UpdatedAt,
        EndedAt = operation.EndedAt,
        Progress = progress is null ? null : ProgressReport.Of(progress),
    };
}

/// <summary>What came of an operation so far.</summary>
/// <param name="Waiting">Replays whose outcome is open.</param>
/// <param name="Sent">Replays whose mail was sent, or canceled since.</param>
/// <param name="FailedAgain">Replays that failed again.</param>
/// <param name="Refusals">Failures, or mails, about which nothing was done, by the reason.</param>
/// <param name="PerSecond">How many a second it met during the last ten seconds.</param>
public sealed record ProgressReport(int Waiting, int Sent, int FailedAgain, IReadOnlyDictionary<string, int> Refusals, double PerSecond)
{
    internal static ProgressReport Of(OperationProgress progress) => new(
        progress.Outcomes.GetValueOrDefault(FailureStatus.Unresolved) + progress.Outcomes.GetValueOrDefault(FailureStatus.Replayed),
        progress.Outcomes.GetValueOrDefault(FailureStatus.Resolved),
        progress.Outcomes.GetValueOrDefault(FailureStatus.FailedAgain),
        progress.Refusals.ToDictionary(refusal => refusal.Key.ToText(), refusal => refusal.Value),
        progress.PerSecond);
}
