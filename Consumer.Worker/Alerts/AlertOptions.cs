using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker.Alerts;

/// <summary>Section <c>Alerts</c>: who is told of dead letters, and how often.</summary>
internal sealed class AlertOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Alerts";

    /// <summary>
    /// A Slack incoming webhook (or one that takes the same JSON). Whoever knows it can post: keep it as a secret. None means
    /// that dead letters show in Postgres, the log and the metrics alone.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? SlackWebhookUrl { get; set; }

    /// <summary>The file that holds <see cref="SlackWebhookUrl"/>; read at the start.</summary>
    public string? SlackWebhookUrlFile { get; set; }

    /// <summary>
    /// The least time between two posts. Default 1 minute. The first dead letter after a quiet time is posted at once; those
    /// that follow are gathered into one post, so that a flood is a digest.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Slack takes one post a second at most; a minute keeps a channel readable.")]
    public TimeSpan DigestInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many different causes a post names; the rest is counted. Default 5.</summary>
    [Range(1, 50, ErrorMessage = "Slack cuts long posts.")]
    public int CausesPerDigest { get; set; } = 5;

    /// <summary>How many dead letters may wait for the digest; further ones are counted and left out. Default 1,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = "A thousand take less than a megabyte.")]
    public int QueueLimit { get; set; } = 1000;

    /// <summary>How long one post may take, with its retries. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00", ErrorMessage = "30 seconds bridge a short outage.")]
    public TimeSpan PostTimeout { get; set; } = TimeSpan.FromSeconds(30);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrEmpty(SlackWebhookUrl)
            && !(Uri.TryCreate(SlackWebhookUrl, UriKind.Absolute, out var url) && url.Scheme is "https" or "http"))
            yield return new ValidationResult("allowed: an http or https address. Copy the incoming webhook's address from Slack.", [nameof(SlackWebhookUrl)]);
    }
}
