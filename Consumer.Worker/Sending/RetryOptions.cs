using System.ComponentModel.DataAnnotations;
using Consumer.Worker.Options;

namespace Consumer.Worker.Sending;

/// <summary>Section <c>Retry</c>: what is tried again, how often and when.</summary>
internal sealed class RetryOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Retry";

    /// <summary>How many further tries a mail gets at once, where a moment may cure it (lost connection). Default 2.</summary>
    [Range(0, 10, ErrorMessage = "They hold up other mails of the same key: keep them few.")]
    public int InProcessTries { get; set; } = 2;

    /// <summary>The pause before the first of them. Default 100 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ErrorMessage = "Longer pauses belong to the redelivery intervals.")]
    public TimeSpan InProcessInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>By how much each further pause is longer. Default 100 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ErrorMessage = "Longer pauses belong to the redelivery intervals.")]
    public TimeSpan InProcessIncrement { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// After which pauses a mail is delivered again before it goes to the dead-letter topic: numbers with <c>ms</c>, <c>s</c>,
    /// <c>m</c>, <c>h</c> or <c>d</c>, one for each redelivery; an empty text means none. Default <c>1s,2s,4s,8s</c>: five
    /// mails.
    /// </summary>
    public string RedeliveryIntervals { get; set; } = "1s,2s,4s,8s";

    /// <summary><see cref="RedeliveryIntervals"/>, read.</summary>
    /// <exception cref="FormatException">The text is not what it should be; the start finds that out before.</exception>
    public IReadOnlyList<TimeSpan> Redeliveries() =>
        DurationList.TryRead(RedeliveryIntervals) ?? throw new FormatException($"{Section}:{nameof(RedeliveryIntervals)} is \"{RedeliveryIntervals}\".");

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (DurationList.TryRead(RedeliveryIntervals) is null)
            yield return new ValidationResult($"allowed: {DurationList.Allowed}. For example 1s,2s,4s,8s.", [nameof(RedeliveryIntervals)]);
    }
}
