using System.Diagnostics.Metrics;
using Persistence.Stats;
using Producer.Api.Observability;
using ServiceDefaults.Periodic;

namespace Producer.Api.Stats;

/// <summary>
/// <see cref="StatsReport"/> as metrics, read again every 30 seconds, so that lags and open failures are watched also where no worker runs.
/// Every instance exports the same numbers: take the maximum, not the sum. A part that could not be read is not exported until it can be.
/// </summary>
internal sealed class StatsGauges : PeriodicService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly StatsReader _reader;
    private readonly StatsStore _store;
    private volatile StatsReport? _report;
    private volatile OldestUnsent? _oldestUnsent;

    public StatsGauges(StatsReader reader, StatsStore store, IMeterFactory meters, TimeProvider timeProvider, ILogger<StatsGauges> logger)
        : base("The reading of the metrics of mails, failures and lags", Interval, timeProvider, logger)
    {
        (_reader, _store) = (reader, store);
        var meter = meters.Create(ApiMetrics.MeterName);
        meter.CreateObservableGauge("mails", () => ByName(_report?.Mails, "state"), "{mail}", "Mails that a worker has read, by state.");
        meter.CreateObservableGauge("failures", () => ByName(_report?.Failures, "status"), "{failure}", "Failures by status; unresolved ones wait for somebody.");
        meter.CreateObservableGauge("mails.oldest_unsent.age", Age, "s", "For how long the mail that has waited longest has waited to be sent; 0 where none waits. Mails that no worker has read are not among them.");
        meter.CreateObservableGauge("consumer_group.lag", Lags, "{record}", "Records that a consumer group has yet to read, by topic.");
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        _report = await _reader.ReadAsync(cancellationToken);
        // Not of before where it fails: a part that could not be read is not exported.
        _oldestUnsent = null;
        _oldestUnsent = new OldestUnsent(await _store.FindOldestUnsentAsync(cancellationToken));
    }

    private IEnumerable<Measurement<double>> Age() =>
        _oldestUnsent is { } found ? [new(found.Since is { } since ? Math.Max((Time.GetUtcNow() - since).TotalSeconds, 0) : 0)] : [];

    private static IEnumerable<Measurement<long>> ByName(IReadOnlyDictionary<string, long>? counts, string tag) =>
        counts?.Select(count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>(tag, count.Key))) ?? [];

    private IEnumerable<Measurement<long>> Lags() =>
        from report in (LagReport?[])[_report?.Unread, _report?.Delayed, _report?.DeadLetters]
        where report is not null
        from topic in report.Topics
        select new Measurement<long>(
            topic.Lag,
            new KeyValuePair<string, object?>("messaging.consumer.group.name", report.Group),
            new KeyValuePair<string, object?>("messaging.destination.name", topic.Topic));

    /// <summary>What was found, by the thread that reads, for those that export.</summary>
    /// <param name="Since">When the mail was accepted, or due, that has waited longest; null where none waits.</param>
    private sealed record OldestUnsent(DateTimeOffset? Since);
}
