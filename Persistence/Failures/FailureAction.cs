using System.Text.Json;

namespace Persistence.Failures;

/// <summary>One thing that was done about a failure. Table <c>email.failure_actions</c>; rows are never changed.</summary>
public sealed class FailureAction
{
    /// <summary>Counts up.</summary>
    public long Id { get; init; }

    /// <summary>The failure.</summary>
    public Guid FailureId { get; init; }

    /// <summary>When it was done.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Who did it; <see cref="SystemActor"/> for what the system does by itself.</summary>
    public string Actor { get; init; } = "";

    /// <summary>What was done.</summary>
    public FailureActionKind Action { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The operation that it was a part of.</summary>
    public Guid? OperationId { get; init; }

    /// <summary>Failure and mail before it.</summary>
    public JsonDocument? Before { get; init; }

    /// <summary>Failure and mail after it.</summary>
    public JsonDocument? After { get; init; }

    /// <summary>The actor of what the system does by itself.</summary>
    public const string SystemActor = "system";
}
