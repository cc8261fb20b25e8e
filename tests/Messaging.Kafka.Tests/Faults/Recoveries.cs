using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>Counts what a host's metrics say of clients that were dead or had failed.</summary>
internal sealed class Recoveries : IMeterFactory
{
    private readonly ConcurrentDictionary<(string Client, string Recovery), long> _counts = [];
    private readonly MeterListener _listener = new();

    public Recoveries()
    {
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "kafka.rider.client.recoveries" && ReferenceEquals(instrument.Meter.Scope, this))
                self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var found = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value as string ?? "");
            _counts.AddOrUpdate((found["kafka.rider.client"], found["kafka.rider.recovery"]), value, (_, count) => count + value);
        });
        _listener.Start();
    }

    public long BrokersAdded(string client) => _counts.GetValueOrDefault((client, "brokers_added"));

    public long Replaced(string client) => _counts.GetValueOrDefault((client, "replaced"));

    public void Register(IServiceCollection services) => services.AddSingleton<IMeterFactory>(this);

    public Meter Create(MeterOptions options) => new(options.Name, options.Version, options.Tags, scope: this);

    public void Dispose() => _listener.Dispose();
}
