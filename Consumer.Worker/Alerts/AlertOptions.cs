using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Consumer.Worker.Smtp;

namespace Consumer.Worker.Alerts;

/// <summary>Section <c>Alerts</c>: who is told of failures, by which channels, and how often. A channel is there once its address is.</summary>
internal sealed class AlertOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Alerts";

    private const int MostAddresses = 50;
    private const int LongestEnvironment = 50;

    /// <summary>
    /// A Slack incoming webhook (or one that takes the same JSON). Whoever knows it can post: keep it as a secret. Default: none.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? SlackWebhookUrl { get; set; }

    /// <summary>The file that holds <see cref="SlackWebhookUrl"/>; read at the start.</summary>
    public string? SlackWebhookUrlFile { get; set; }

    /// <summary>The webhook of a Teams workflow ("Post to a channel when a webhook request is received"). A secret. Default: none.</summary>
    [PasswordPropertyText(true)]
    public string? TeamsWebhookUrl { get; set; }

    /// <summary>The file that holds <see cref="TeamsWebhookUrl"/>; read at the start.</summary>
    public string? TeamsWebhookUrlFile { get; set; }

    /// <summary>Where digests are posted as JSON, signed as Standard Webhooks has it. Needs <see cref="WebhookSecret"/>. Default: none.</summary>
    [PasswordPropertyText(true)]
    public string? WebhookUrl { get; set; }

    /// <summary>The file that holds <see cref="WebhookUrl"/>; read at the start.</summary>
    public string? WebhookUrlFile { get; set; }

    /// <summary>What they are signed with: <c>whsec_</c> and 24 to 64 bytes in base64. Default: none.</summary>
    [PasswordPropertyText(true)]
    public string? WebhookSecret { get; set; }

    /// <summary>The file that holds <see cref="WebhookSecret"/>; read at the start.</summary>
    public string? WebhookSecretFile { get; set; }

    /// <summary>An Alertmanager that asks for no login; <c>/api/v2/alerts</c> is added. Default: none.</summary>
    public string? AlertmanagerUrl { get; set; }

    /// <summary>Addresses, with commas, that get digests as e-mails, by the worker's own mail server. Needs <see cref="EmailFrom"/>. Default: none.</summary>
    public string? EmailTo { get; set; }

    /// <summary>The sender of those e-mails. Default: none.</summary>
    public string? EmailFrom { get; set; }

    /// <summary>The API as people reach it, for the links in alerts; it may have a path. Default: none, and alerts have no links.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>What this system is called in alerts. Default: the environment of the process (<c>DOTNET_ENVIRONMENT</c>), which is <c>Production</c> where nothing else is said.</summary>
    public string? Environment { get; set; }

    /// <summary>
    /// The least time between two posts to a channel. Default 1 minute. The first failure after a quiet time is posted at once; those
    /// that follow are gathered into one post, so that a flood is a digest.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Slack takes one post a second at most; a minute keeps a channel readable.")]
    public TimeSpan DigestInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many different causes a post names; the rest is counted. Default 5.</summary>
    [Range(1, 50, ErrorMessage = "Slack cuts long posts.")]
    public int CausesPerDigest { get; set; } = 5;

    /// <summary>After how long without a new failure an episode is over. Default 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00", ErrorMessage = "An hour keeps causes that come now and then from beginning and ending all day.")]
    public TimeSpan QuietAfter { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long one try of a post may take. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00", ErrorMessage = "30 seconds are enough for every service that works.")]
    public TimeSpan PostTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a post that does not reach its channel is tried, with pauses that grow to 5 minutes. Default 1 day.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "7.00:00:00", ErrorMessage = "A day bridges the outage of a service; what people are told later helps them little.")]
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The addresses of <see cref="EmailTo"/>.</summary>
    internal IReadOnlyList<string> EmailAddresses => (EmailTo ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        foreach (var (key, url, fix) in new[]
        {
            (nameof(SlackWebhookUrl), SlackWebhookUrl, "Copy the incoming webhook's address from Slack."),
            (nameof(TeamsWebhookUrl), TeamsWebhookUrl, "Copy the workflow's address from Teams."),
            (nameof(WebhookUrl), WebhookUrl, "Write it with its scheme."),
            (nameof(AlertmanagerUrl), AlertmanagerUrl, "Write it with its scheme, such as http://alertmanager:9093."),
            (nameof(PublicUrl), PublicUrl, "Write it with its scheme, such as https://mail.example.com."),
        })
        {
            if (!string.IsNullOrEmpty(url) && AlertLinks.Read(url) is null)
                yield return new ValidationResult($"allowed: an http or https address. {fix}", [key]);
            else if (!string.IsNullOrEmpty(url) && key is nameof(AlertmanagerUrl) or nameof(PublicUrl) && new Uri(url!) is { Query.Length: > 0 } or { Fragment.Length: > 0 })
                yield return new ValidationResult("allowed: an http or https address without ? and #. Remove what follows them.", [key]);
        }

        if (string.IsNullOrEmpty(WebhookUrl) != string.IsNullOrEmpty(WebhookSecret))
            yield return new ValidationResult($"allowed: {Section}:{nameof(WebhookUrl)} and {Section}:{nameof(WebhookSecret)} together, or neither. Set the other one too.", [string.IsNullOrEmpty(WebhookUrl) ? nameof(WebhookUrl) : nameof(WebhookSecret)]);
        if (!string.IsNullOrEmpty(WebhookSecret) && WebhookSignature.Key(WebhookSecret) is null)
            yield return new ValidationResult("allowed: whsec_ and 24 to 64 bytes in base64. Make one: echo whsec_$(openssl rand -base64 32)", [nameof(WebhookSecret)]);
        if (string.IsNullOrEmpty(EmailTo) != string.IsNullOrEmpty(EmailFrom))
            yield return new ValidationResult($"allowed: {Section}:{nameof(EmailTo)} and {Section}:{nameof(EmailFrom)} together, or neither. Set the other one too.", [string.IsNullOrEmpty(EmailTo) ? nameof(EmailTo) : nameof(EmailFrom)]);
        if (!string.IsNullOrEmpty(EmailTo) && (EmailAddresses.Count is 0 or > MostAddresses || !EmailAddresses.All(RecipientRules.IsAddress)))
            yield return new ValidationResult($"allowed: 1 to {MostAddresses} addresses with commas between them. Write each as a@example.com.", [nameof(EmailTo)]);
        if (!string.IsNullOrEmpty(EmailFrom) && !RecipientRules.IsAddress(EmailFrom))
            yield return new ValidationResult("allowed: one address. Write it as a@example.com.", [nameof(EmailFrom)]);
        if (Environment is { Length: > LongestEnvironment } || Environment?.Any(char.IsControl) == true)
            yield return new ValidationResult($"allowed: a text of up to {LongestEnvironment} characters on one line. Shorten it.", [nameof(Environment)]);
    }
}
