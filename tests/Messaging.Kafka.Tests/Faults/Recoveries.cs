using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>What a host's metrics say of clients that were dead or had failed, and of its lag.</summary>
internal sealed class Recoveries : IMeterFactory
{
    private readonly ConcurrentDictionary<(string Client, string Recovery), long> _counts = [];
    private readonly MeterListener _listener = new();
    private long _lag;

    public Recoveries()
    {
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is "kafka.rider.client.recoveries" or "kafka.rider.lag" && ReferenceEquals(instrument.Meter.Scope, this))
                self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.IsObservable)
            {
                _lag += value;
                return;
            }

            var found = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value as string ?? "");
            _counts.AddOrUpdate((found["kafka.rider.client"], found["kafka.rider.recovery"]), value, (_, count) => count + value);
        });
        _listener.Start();
    }

    /// <summary>The lag of all partitions together.</summary>
    public long Lag
    {
        get
        {
            _lag = 0;
            _listener.RecordObservableInstruments();
            return _lag;
        }
    }

    public long BrokersAdded(string client) => _counts.GetValueOrDefault((client, "brokers_added"));

    public long Replaced(string client) => _counts.GetValueOrDefault((client, "replaced"));

    public void Register(IServiceCollection services) => services.AddSingleton<IMeterFactory>(this);

    public Meter Create(MeterOptions options) => new(options.Name, options.Version, options.Tags, scope: this);

    public void Dispose() => _listener.Dispose();
}
