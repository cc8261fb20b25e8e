namespace Persistence.Failures;

/// <summary>
/// A further record in the dead-letter topic that repeats a failure: a crash between "produced" and
/// "committed" leaves such copies. Table <c>email.failure_copies</c>.
/// </summary>
public sealed class FailureCopy
{
    /// <summary>The dead-letter topic.</summary>
    public string DltTopic { get; init; } = "";

    /// <summary>The copy's partition there.</summary>
    public int DltPartition { get; init; }

    /// <summary>Its offset there.</summary>
    public long DltOffset { get; init; }

    /// <summary>Its timestamp there.</summary>
    public DateTimeOffset DltTimestamp { get; init; }

    /// <summary>The failure that it repeats.</summary>
    public Guid FailureId { get; init; }

    /// <summary>When it was seen.</summary>
    public DateTimeOffset SeenAt { get; init; }
}
