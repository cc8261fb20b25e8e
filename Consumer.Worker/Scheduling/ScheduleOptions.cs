using System.ComponentModel.DataAnnotations;
using Consumer.Worker.Options;

namespace Consumer.Worker.Scheduling;

/// <summary>Section <c>Schedule</c>: mails that are to be sent later.</summary>
internal sealed class ScheduleOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Schedule";

    /// <summary>
    /// The delay topics for scheduled mails, beside those of <c>Retry:RedeliveryIntervals</c>: a mail waits in the longest that fits, then
    /// in the next. Durations as there; at least one. Default <c>30s,2m,10m,1h,6h,1d</c>.
    /// </summary>
    public string Tiers { get; set; } = "30s,2m,10m,1h,6h,1d";

    /// <summary>How often scheduled mails are looked for whose copy is missing. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "One look is one query over an index.")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a scheduled mail's copy may be under way without being published, or late, before it is produced again. Default 1 minute.
    /// A short one produces copies that are not missing; they are dropped.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "A minute suits workers that are seldom paused.")]
    public TimeSpan OverdueAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary><see cref="Tiers"/>, read.</summary>
    /// <exception cref="FormatException">The text is not what it should be; the start finds that out before.</exception>
    public IReadOnlyList<TimeSpan> TierDelays() => DurationList.TryRead(Tiers) ?? throw new FormatException($"{Section}:{nameof(Tiers)} is \"{Tiers}\".");

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (DurationList.TryRead(Tiers) is not { Count: > 0 })
            yield return new ValidationResult($"allowed: {DurationList.Allowed}; at least one. For example 30s,2m,10m,1h,6h,1d.", [nameof(Tiers)]);
    }
}
