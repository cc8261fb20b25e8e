using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker.Retention;

/// <summary>Section <c>Retention</c>: how long the database stores what is completed. By default forever.</summary>
internal sealed class RetentionOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Retention";

    /// <summary>How long mails are stored after they were sent, canceled or discarded. Default: forever. 1 to 3,650 days.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00", ErrorMessage = "Leave it out to store them forever.")]
    public TimeSpan? Mails { get; set; }

    /// <summary>How long failures are stored after they were resolved or discarded, with what was done about them; also the sets of operations after those ended. Default: forever. 1 to 3,650 days.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00", ErrorMessage = "Leave it out to store them forever.")]
    public TimeSpan? Failures { get; set; }

    /// <summary>How long unresolved failures are stored, and their dead mails. Default: forever. 1 to 3,650 days.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00", ErrorMessage = "Leave it out to store them forever: a removed one cannot be sent again.")]
    public TimeSpan? UnresolvedFailures { get; set; }

    /// <summary>How often old rows are looked for. Default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Rows grow old slowly.")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How many rows one transaction removes. Default 1,000.</summary>
    [Range(1, 100_000, ErrorMessage = "Large batches hold locks and write-ahead log for long.")]
    public int BatchSize { get; set; } = 1_000;
}
