namespace Producer.Api.Configuration;

/// <summary>The section <c>Api</c>. Validated at start by <see cref="ApiOptionsValidator"/>.</summary>
public sealed class ApiOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Api";

    /// <summary>
    /// The key that callers present, as <c>X-Api-Key</c> or <c>Authorization: Bearer</c>; at least 16 characters. Required outside
    /// <c>Development</c>, where its absence means that every caller is let in.
    /// </summary>
    public string? Key { get; set; }

    /// <summary>
    /// The secret under which mail ids carry their MAC; the same on every instance, at least 16 characters. Default: derived from
    /// <see cref="Key"/>. A new one makes repeated posts with an <c>Idempotency-Key</c> of before new mails: change it when none is open.
    /// </summary>
    public string? IdSecret { get; set; }

    /// <summary>
    /// The largest mail, in bytes of JSON, as posted and as written to the topic. Default 1,000,000: below Kafka's
    /// <c>max.message.bytes</c> of 1,048,588 with room for headers. 1,024 to 100,000,000.
    /// </summary>
    public int MaxMailBytes { get; set; } = 1_000_000;

    /// <summary>How many posts may wait for Kafka at once; more are answered 503 <c>overloaded</c>. Default 1,000. 1 to 100,000.</summary>
    public int MaxConcurrentPosts { get; set; } = 1_000;

    /// <summary>How long a post waits for Kafka's acknowledgement before it is answered 503. Default 10 s. 1 s to 5 min.</summary>
    public TimeSpan AcceptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long Postgres may take where a request can do without it, such as the check of a reused <c>Idempotency-Key</c>.
    /// Default 1 s. 50 ms to 30 s.
    /// </summary>
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long Kafka and Postgres may take to answer for a part of <c>GET /stats</c>. Default 5 s. 100 ms to 1 min.</summary>
    public TimeSpan StatsTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often replays are looked for that were asked for and not produced. Default 15 s. 1 s to 1 h.</summary>
    public TimeSpan ReplaySweepInterval { get; set; } = TimeSpan.FromSeconds(15);
}
