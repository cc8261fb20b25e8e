using System.Diagnostics.Metrics;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Persistence.Text;

namespace Consumer.Worker;

/// <summary>What the worker counts and measures, as OpenTelemetry metrics (meter <see cref="MeterName"/>).</summary>
internal sealed class WorkerMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Consumer.Worker";

    public WorkerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        Sent = meter.CreateCounter<long>("mails.sent", "{mail}", "Mails that the mail server took for all recipients.");
        Held = meter.CreateCounter<long>("mails.held", "{mail}", "Mails that were held, by what: a hold, or Smtp:OnlyTo, which leaves out some of their recipients.");
        Failed = meter.CreateCounter<long>("mails.failed", "{attempt}", "Attempts that did not send the mail, by kind: permanent, transient, dependency unavailable.");
        Redelivered = meter.CreateCounter<long>("mails.redelivered", "{mail}", "Mails produced to a delay topic.");
        Scheduled = meter.CreateCounter<long>("mails.scheduled", "{mail}", "Mails that were stored until they are due.");
        DeadLettered = meter.CreateCounter<long>("mails.dead", "{mail}", "Mails produced to the dead-letter topic, by cause.");
        Stale = meter.CreateCounter<long>("mails.stale", "{record}", "Copies of records that were dropped: their mail was past them.");
        Unknown = meter.CreateCounter<long>("mails.unknown", "{attempt}", "Sends whose reply was lost: the server may have taken the mail.");
        Throttled = meter.CreateCounter<long>("mails.throttled", "{reply}", "Replies of the mail server that mean slower; the mails wait and go again, and nothing is counted against them.");
        SendDuration = meter.CreateHistogram<double>("mails.send.duration", "s", "From MAIL to the server's last reply, waits for a connection included.");
        AcceptToSent = meter.CreateHistogram<double>("mails.accept_to_sent.duration", "s", "From the acceptance of a mail, or its scheduled time, until the mail server took it.");
        DeadLettersProjected = meter.CreateCounter<long>("dead_letters.projected", "{record}", "Dead letters written to email.failures.");
        AlertsPosted = meter.CreateCounter<long>("alerts.posted", "{post}", "Posts of alerts that a channel took, by channel.");
        AlertsFailed = meter.CreateCounter<long>("alerts.failed", "{post}", "Tries of posts that reached nobody, by channel.");
        AlertsDropped = meter.CreateCounter<long>("alerts.dropped", "{post}", "Posts that were given up, by channel.");
    }

    /// <summary>Counts nothing once: a counter is seen from its first count on, and an alert on its rate must not miss that one.</summary>
    public void Begin()
    {
        foreach (var counter in (Counter<long>[])[Sent, Redelivered, Scheduled, Stale, Unknown, Throttled, DeadLettersProjected])
            counter.Add(0);
        foreach (var by in new[] { ByHold, ByRule })
            Held.Add(0, by);
        foreach (var cause in Enum.GetValues<DeathCause>())
            DeadLettered.Add(0, Tag(cause));
        foreach (var kind in Enum.GetValues<FailureKind>().Where(kind => kind != FailureKind.Throttled))
            Failed.Add(0, new KeyValuePair<string, object?>("kind", kind.ToString()));
    }

    /// <summary>The attribute of a mail that a hold has.</summary>
    public static readonly KeyValuePair<string, object?> ByHold = new("by", "hold");

    /// <summary>The attribute of a mail that the worker's settings hold back.</summary>
    public static readonly KeyValuePair<string, object?> ByRule = new("by", "only_to");

    /// <summary>The attribute of a dead mail.</summary>
    public static KeyValuePair<string, object?> Tag(DeathCause cause) => new("cause", cause.ToText());

    public Counter<long> Sent { get; }

    public Counter<long> Held { get; }

    public Counter<long> Failed { get; }

    public Counter<long> Redelivered { get; }

    public Counter<long> Scheduled { get; }

    public Counter<long> DeadLettered { get; }

    public Counter<long> Stale { get; }

    public Counter<long> Unknown { get; }

    public Counter<long> Throttled { get; }

    public Histogram<double> SendDuration { get; }

    public Histogram<double> AcceptToSent { get; }

    public Counter<long> DeadLettersProjected { get; }

    public Counter<long> AlertsPosted { get; }

    public Counter<long> AlertsFailed { get; }

    public Counter<long> AlertsDropped { get; }
}
