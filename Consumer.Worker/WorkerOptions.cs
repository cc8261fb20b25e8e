using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker;

/// <summary>Section <c>Worker</c>: the process itself.</summary>
internal sealed class WorkerOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Worker";

    /// <summary>
    /// How many mails are worked on at once. Default 240, twelve times the connections to the mail server: while some are being sent,
    /// others are claimed and recorded, many by one statement. As many may have an unknown outcome when the worker is killed.
    /// </summary>
    [Range(1, 10_000, ErrorMessage = "More than a few times Smtp:MaxConnections only makes more mails wait for a connection.")]
    public int ConcurrentMails { get; set; } = 240;

    /// <summary>Whose turn it is among the mails of a stream that were read and wait. Default <see cref="FairBy.Sender"/>.</summary>
    public FairBy FairBy { get; set; } = FairBy.Sender;

    /// <summary>
    /// How long other workers leave this one's mails alone after its last heartbeat, which comes every third of it. Default 30 s.
    /// A worker that stalls longer in the middle of sending may have its mail sent twice.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:03", "01:00:00", ErrorMessage = "Short leases take mails from workers that only pause for a moment.")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stopping worker may finish what runs. Default 30 s; what is not finished then is left to the next.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = "Stay below the time your service manager waits before it kills.")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
