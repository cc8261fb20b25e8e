namespace Messaging.Kafka.Delay;

/// <summary>A delay topic: every record in it waits equally long, so it is read in order.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Delay">How long a record stays in it.</param>
internal sealed record DelayTier(string Topic, TimeSpan Delay);

/// <summary>The delay topics of one topic, and the choice among them. No I/O.</summary>
internal sealed class DelayTiers
{
    private readonly DelayTier[] _descending;

    /// <summary>Names the tiers.</summary>
    /// <param name="topic">The topic that the records come from and go back to.</param>
    /// <param name="suffix">What stands between the topic's name and the tier's, <c>.delay.</c> by default.</param>
    /// <param name="delays">The tiers' delays.</param>
    /// <param name="owner">The topic that they are named after, where they are another one's; null: <paramref name="topic"/>.</param>
    public DelayTiers(string topic, string suffix, IEnumerable<TimeSpan> delays, string? owner = null)
    {
        (Topic, Owner) = (topic, owner ?? topic);
        _descending = [.. delays.Distinct().OrderDescending().Select(delay => new DelayTier(DelayTopicName.Of(Owner, delay, suffix), delay))];
    }

    /// <summary>The topic that the records come from and go back to.</summary>
    public string Topic { get; }

    /// <summary>The topic that the tiers are named after, whose endpoint brings the records back.</summary>
    public string Owner { get; }

    /// <summary>Whether the tiers are another topic's, so that a record in them must name its own.</summary>
    public bool AreAnothers => Owner != Topic;

    /// <summary>The consumer group of the endpoint that has them.</summary>
    public string Group { get; init; } = "";

    /// <summary>The group that brings the records back, where the tiers are the topic's own.</summary>
    public string DelayGroup { get; init; } = "";

    /// <summary>The endpoint that its redeliveries are for alone; null: they are for whoever reads the topic.</summary>
    public EndpointName? Endpoint { get; init; }

    /// <summary>
    /// The delay group that a record in the tiers names, so that no other group's forwarder brings it back a second time; null: none.
    /// That of the owner's endpoint, which may be configured after this one.
    /// </summary>
    public string? Forwarder { get; set; }

    /// <summary>All tiers, the longest first.</summary>
    public IReadOnlyList<DelayTier> All => _descending;

    /// <summary>
    /// The tier for a record that is due after a delay: the longest that is not longer, so that it is never late by a tier;
    /// the shortest for what is due earlier still (the forwarder releases it when it is due).
    /// </summary>
    public DelayTier Choose(TimeSpan delay) => Array.Find(_descending, tier => tier.Delay <= delay) ?? _descending[^1];

    /// <summary>What a record says of itself while it waits.</summary>
    /// <param name="due">When it is due.</param>
    public IEnumerable<KeyValuePair<string, string>> HeadersUntil(string due)
    {
        yield return new(DelayHeaders.Due, due);
        if (AreAnothers)
            yield return new(DelayHeaders.Topic, Topic);
        if (Forwarder is not null)
            yield return new(DelayHeaders.Group, Forwarder);
    }

    /// <summary>The next tier for a record that has waited in one and is due later, or null where it goes back to the topic.</summary>
    public DelayTier? ChooseNext(TimeSpan remaining) => Array.Find(_descending, tier => tier.Delay <= remaining);
}
