using System.Diagnostics.Metrics;

namespace Producer.Api.Observability;

/// <summary>What the API counts about itself, in the meter <see cref="MeterName"/>.</summary>
internal sealed class ApiMetrics
{
    public const string MeterName = "Producer.Api";

    /// <summary>The outcome of a post that Kafka has acknowledged.</summary>
    public const string Accepted = "accepted";

    private readonly Counter<long> _posts;
    private readonly Histogram<double> _acknowledgement;

    public ApiMetrics(IMeterFactory meters)
    {
        // The factory owns the meter and disposes of it with the host.
        var meter = meters.Create(MeterName);
        _posts = meter.CreateCounter<long>("mail.posts", "{post}", "Posts of mails by outcome: accepted, or the code of the problem.");
        _acknowledgement = meter.CreateHistogram<double>("mail.acknowledgement", "s", "From the record's outbox entry to Kafka to its acknowledgement.");
    }

    /// <summary>Counts nothing once: a counter is seen from its first count on, and an alert on its rate must not miss that one.</summary>
    public void Begin() => _posts.Add(0, new KeyValuePair<string, object?>("outcome", Accepted));

    public void Posted(string outcome) => _posts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Acknowledged(TimeSpan duration) => _acknowledgement.Record(duration.TotalSeconds);
}
