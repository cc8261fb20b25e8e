using System.Diagnostics.Metrics;
using Consumer.Worker;

namespace Messaging.Bench.Delivery;

/// <summary>Counts by the worker's own metrics: each mail that was sent and written down, and what should not happen here.</summary>
internal sealed class SentMails : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _others;

    public SentMails(Action onSent)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == WorkerMetrics.MeterName && instrument is Counter<long>)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
        {
            // The worker begins its counters at zero when it starts: none of these is a mail.
            if (count == 0)
                return;
            if (instrument.Name == "mails.sent")
                onSent();
            else
                Interlocked.Add(ref _others, count);
        });
        _listener.Start();
    }

    /// <summary>Fails where a mail failed, was a copy or ended unknown: the figures are of something else then.</summary>
    public void RequireNothingElse()
    {
        if (_others > 0)
            throw new InvalidOperationException($"{_others} mails or attempts ended otherwise than sent at once; the warnings above say how.");
    }

    public void Dispose() => _listener.Dispose();
}
