using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker.Scheduling;

/// <summary>Section <c>Schedule</c>: mails that are to be sent later.</summary>
internal sealed class ScheduleOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Schedule";

    /// <summary>
    /// How long the sweep of scheduled mails sleeps at most. It wakes when the next one is due; the interval is for what another worker has
    /// stored meanwhile and could not produce. Default 15 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "One look is one query over an index.")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);
}
