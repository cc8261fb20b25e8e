using System.Diagnostics.Metrics;
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
    private volatile StatsReport? _report;

    public StatsGauges(StatsReader reader, IMeterFactory meters, TimeProvider timeProvider, ILogger<StatsGauges> logger)
        : base("The reading of the metrics of mails, failures and lags", Interval, timeProvider, logger)
    {
        _reader = reader;
        var meter = meters.Create(ApiMetrics.MeterName);
        meter.CreateObservableGauge("mails", () => ByName(_report?.Mails, "state"), "{mail}", "Mails that a worker has read, by state.");
        meter.CreateObservableGauge("failures", () => ByName(_report?.Failures, "status"), "{failure}", "Failures by status; unresolved ones wait for somebody.");
        meter.CreateObservableGauge("consumer_group.lag", Lags, "{record}", "Records that a consumer group has yet to read, by topic.");
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken) => _report = await _reader.ReadAsync(cancellationToken);

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
}
