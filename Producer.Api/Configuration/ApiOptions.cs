using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Producer.Api.Configuration;

/// <summary>The section <c>Api</c>.</summary>
public sealed class ApiOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Api";

    private const int FewestCharacters = 16;

    /// <summary>
    /// The first key that callers present, as <c>X-Api-Key</c> or <c>Authorization: Bearer</c>; at least 16 characters. It has all scopes, and
    /// works without Postgres, where the others are stored. Required outside <c>Development</c>, where its absence means that every caller is
    /// let in.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? Key { get; set; }

    /// <summary>The file that holds <see cref="Key"/>; read again when a caller presents another key.</summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// The secret under which mail ids carry their MAC; the same on every instance, at least 16 characters. Default: derived from
    /// <see cref="Key"/>. A new one makes repeated posts with an <c>Idempotency-Key</c> of before new mails: change it when none is open.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? IdSecret { get; set; }

    /// <summary>The file that holds <see cref="IdSecret"/>; read at the start.</summary>
    public string? IdSecretFile { get; set; }

    /// <summary>
    /// The largest mail, in bytes of JSON, as posted and as written to the topic. Default 1,000,000: below Kafka's
    /// <c>max.message.bytes</c> of 1,048,588 with room for headers. 1,024 to 100,000,000.
    /// </summary>
    [Range(1_024, 100_000_000, ErrorMessage = "Stay below Kafka:MaxMessageBytes, with room for headers.")]
    public int MaxMailBytes { get; set; } = 1_000_000;

    /// <summary>The largest batch of mails, in bytes of JSON. Default 10,000,000. 1,024 to 1,000,000,000.</summary>
    [Range(1_024, 1_000_000_000, ErrorMessage = "Each batch that is being read is held in memory.")]
    public int MaxBatchBytes { get; set; } = 10_000_000;

    /// <summary>How many posts may wait for Kafka at once, and how many for their <c>Idempotency-Key</c>; more are answered 503 <c>overloaded</c>. One whose body is still being read does not count. Default 1,000. 1 to 100,000.</summary>
    [Range(1, 100_000, ErrorMessage = "Each waiting post holds its mail in memory.")]
    public int MaxConcurrentPosts { get; set; } = 1_000;

    /// <summary>
    /// How long a post waits for Kafka's acknowledgement before it is answered 503; Kafka's client tries for two seconds less. Default 15 s,
    /// so that a broker's crash does not reach the caller: Kafka elects new leaders 9 s after it (<c>broker.session.timeout.ms</c>).
    /// A third of it is how long Postgres may take to reserve an <c>Idempotency-Key</c>. 1 s to 5 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00", ErrorMessage = "Stay below what your callers wait.")]
    public TimeSpan AcceptTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an <c>Idempotency-Key</c> is kept; afterwards it may be used for another mail. Default 24 h. 1 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00", ErrorMessage = "As long as your callers may repeat a post.")]
    public TimeSpan IdempotencyKeyLifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// What becomes of a post with an <c>Idempotency-Key</c> while Postgres does not respond: <c>Refuse</c> (503, default), or <c>Accept</c>,
    /// by which other content under a used key is told by a failure and not by the answer; a time that counts from now is refused all the same.
    /// </summary>
    public IdempotencyWithoutDatabase IdempotencyWithoutDatabase { get; set; } = IdempotencyWithoutDatabase.Refuse;

    /// <summary>
    /// How long Postgres may take to respond to the health check, and a mail to be read by a worker before it can be rescheduled.
    /// Default 1 s. 50 ms to 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:00:30", ErrorMessage = "A second suits a server near by.")]
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often the stored keys are read: so long it takes until every instance knows that one was made, rotated or revoked. Default 2 s.
    /// 100 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = "A revoked key is let in for as long.")]
    public TimeSpan KeyRefreshInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long Kafka and Postgres may take to answer for a part of <c>GET /stats</c>. Default 5 s. 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = "What takes longer is left out of the report.")]
    public TimeSpan StatsTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often replays are looked for that were asked for and not produced. Default 15 s. 1 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "One look is one query over an index.")]
    public TimeSpan ReplaySweepInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A key that reads <c>/metrics</c> and nothing else, as <c>Authorization: Bearer</c>; at least 16 characters. Default: none, and a key that
    /// sees the mails of all reads them.
    /// </summary>
    [PasswordPropertyText(true)]
    public string? MetricsKey { get; set; }

    /// <summary>The file that holds <see cref="MetricsKey"/>; read again when a caller presents another key.</summary>
    public string? MetricsKeyFile { get; set; }

    /// <summary>Whether a text can be a key.</summary>
    internal static bool IsKey(string? key) => key is { Length: >= FewestCharacters } && key.All(c => c is > ' ' and <= '~');

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        var environment = validationContext.GetRequiredService<IHostEnvironment>();
        if (string.IsNullOrEmpty(Key) && !string.IsNullOrEmpty(KeyFile))
        {
            // What is wrong with the file has been said.
        }
        else if (string.IsNullOrEmpty(Key))
        {
            if (!environment.IsDevelopment())
            {
                yield return new ValidationResult(
                    $"allowed: {FewestCharacters} or more characters, and required in the environment '{environment.EnvironmentName}'. "
                    + $"Set {Section}__{nameof(Key)}=\"$(openssl rand -hex 32)\"; only ASPNETCORE_ENVIRONMENT=Development runs without a key.",
                    [nameof(Key)]);
            }
        }
        else if (!IsKey(Key))
        {
            yield return NotAKey(nameof(Key), Key);
        }

        if (!string.IsNullOrEmpty(MetricsKey) && !IsKey(MetricsKey))
            yield return NotAKey(nameof(MetricsKey), MetricsKey);

        if (IdSecret is { Length: < FewestCharacters })
        {
            yield return new ValidationResult(
                $"allowed: {FewestCharacters} or more characters, and it has {IdSecret.Length}. Leave it out to derive it from {Section}:{nameof(Key)}.", [nameof(IdSecret)]);
        }
    }

    private static ValidationResult NotAKey(string option, string key) => new(
        $"allowed: {FewestCharacters} or more printable ASCII characters without spaces, and it has {key.Length}. Make one: openssl rand -hex 32.", [option]);
}

/// <summary>What becomes of a post with an <c>Idempotency-Key</c> while Postgres does not respond.</summary>
public enum IdempotencyWithoutDatabase
{
    /// <summary>It is refused with 503.</summary>
    Refuse,

    /// <summary>It is accepted under the id that derives from its key.</summary>
    Accept,
}
