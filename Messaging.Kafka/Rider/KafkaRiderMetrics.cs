using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka;

/// <summary>
/// The rider's metrics, all of them, on the meter <c>MassTransit.Kafka</c>. Names and attributes follow OpenTelemetry's semantic
/// conventions for messaging, version 1.38.0 (https://opentelemetry.io/docs/specs/semconv/messaging/); what those do not name begins
/// with <c>kafka.rider.</c> Durations are seconds.
/// </summary>
internal sealed class KafkaRiderMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "MassTransit.Kafka";

    private const string System = "messaging.system";
    private const string Destination = "messaging.destination.name";
    private const string Group = "messaging.consumer.group.name";
    private const string Partition = "messaging.destination.partition.id";
    private const string Lane = "kafka.rider.lane";
    private const string ErrorType = "error.type";

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<ConsumerLoop, byte> _loops = [];
    private readonly ConcurrentDictionary<PauseCircuit, TagList> _circuits = [];
    private readonly Counter<long> _sent;
    private readonly Histogram<double> _sendDuration;
    private readonly Counter<long> _consumed;
    private readonly Histogram<double> _processDuration;
    private readonly Counter<long> _redelivered;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _deadLettersTooLarge;
    private readonly Counter<long> _deletedUnread;
    private readonly Counter<long> _paused;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _rebalances;
    private readonly Histogram<double> _rebalanceDuration;
    private readonly Counter<long> _recoveries;
    private readonly Histogram<double> _throttled;

    public KafkaRiderMetrics(IMeterFactory? factory)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _sent = _meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Records produced, by topic and, where one failed, its error.");
        _sendDuration = _meter.CreateHistogram<double>("messaging.client.operation.duration", "s", "From produce to acknowledgement.");
        _consumed = _meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Records read, by topic and group.");
        _processDuration = _meter.CreateHistogram<double>("messaging.process.duration", "s", "From a handler's begin to its return, in-process retries and waits for a paused endpoint included.");
        _redelivered = _meter.CreateCounter<long>("kafka.rider.redeliveries", "{message}", "Messages written to a delay topic for another delivery.");
        _deadLettered = _meter.CreateCounter<long>("kafka.rider.dead_letters", "{message}", "Messages written to a dead-letter topic, by reason.");
        _deadLettersTooLarge = _meter.CreateCounter<long>("kafka.rider.dead_letters_too_large", "{message}", "Messages larger than their dead-letter topic takes, by what became of them: taken by the application, or written without their value.");
        _deletedUnread = _meter.CreateCounter<long>("kafka.rider.records_deleted_unread", "{message}", "Offsets that retention or an administrator deleted before they were read.");
        _paused = _meter.CreateCounter<long>("kafka.rider.pauses", "{pause}", "How often an endpoint paused because a dependency was down.");
        _commitDuration = _meter.CreateHistogram<double>("kafka.rider.commit.duration", "s", "Offset commits; those that failed have an error.");
        _rebalances = _meter.CreateCounter<long>("kafka.rider.rebalances", "{partition}", "Partitions assigned, revoked and lost.");
        _rebalanceDuration = _meter.CreateHistogram<double>("kafka.rider.revoke.duration", "s", "From the revocation of partitions until they are released: running handlers and the last commit.");
        _recoveries = _meter.CreateCounter<long>("kafka.rider.client.recoveries", "{recovery}", "Clients that were dead or had failed: given their brokers again, or replaced.");
        _throttled = _meter.CreateHistogram<double>("kafka.rider.throttle.duration", "s", "The longest time that a broker held back a client's requests by a quota, in 10 s; only where it did.");
        _meter.CreateObservableUpDownCounter("kafka.rider.in_flight", () => Observe(static state => state.Outstanding), "{message}", "Records read that are not completed.");
        _meter.CreateObservableUpDownCounter("kafka.rider.paused_partitions", () => Observe(static state => state.Paused ? 1 : 0), "{partition}", "Partitions not read on for now: ahead of their handlers, or their next record not due.");
        _meter.CreateObservableGauge("kafka.rider.paused", ObserveCircuits, "{endpoint}", "1 while an endpoint pauses because its dependency is unavailable, else 0.");
        _meter.CreateObservableGauge("kafka.rider.lag", () => Observe(static state => state.Lag), "{message}", "Records between the committed watermark and the end of the partition.");
    }

    public void Watch(PauseCircuit circuit, string topic, string group, string? lane) => _circuits.TryAdd(circuit, Tags(topic, group, lane));

    public void Forget(PauseCircuit circuit) => _circuits.TryRemove(circuit, out _);

    public void Watch(ConsumerLoop loop) => _loops.TryAdd(loop, 0);

    public void Forget(ConsumerLoop loop) => _loops.TryRemove(loop, out _);

    private IEnumerable<Measurement<long>> ObserveCircuits() => _circuits.Select(circuit => new Measurement<long>(circuit.Key.Opened is null ? 0 : 1, circuit.Value));

    public void Sent(string topic, TimeSpan duration, string? error)
    {
        if (!_sent.Enabled && !_sendDuration.Enabled)
            return;
        var tags = new TagList { { System, "kafka" }, { Destination, topic } };
        if (error is not null)
            tags.Add(ErrorType, error);
        _sent.Add(1, tags);
        _sendDuration.Record(duration.TotalSeconds, tags);
    }

    public void Consumed(string topic, string group)
    {
        if (_consumed.Enabled)
            _consumed.Add(1, new TagList { { System, "kafka" }, { Destination, topic }, { Group, group } });
    }

    public void Processed(string topic, string group, TimeSpan duration, bool completed)
    {
        if (!_processDuration.Enabled)
            return;
        var tags = new TagList { { System, "kafka" }, { Destination, topic }, { Group, group } };
        if (!completed)
            tags.Add(ErrorType, "released");
        _processDuration.Record(duration.TotalSeconds, tags);
    }

    public void Redelivered(string topic, string delayTopic) =>
        _redelivered.Add(1, new TagList { { Destination, topic }, { "kafka.rider.delay_topic", delayTopic } });

    public void DeadLettered(string topic, string reason) =>
        _deadLettered.Add(1, new TagList { { Destination, topic }, { "kafka.rider.reason", reason } });

    public void DeadLetterTooLarge(string topic, string result) =>
        _deadLettersTooLarge.Add(1, new TagList { { Destination, topic }, { "kafka.rider.result", result } });

    public void DeletedUnread(string topic, string group, long count) => _deletedUnread.Add(count, new TagList { { Destination, topic }, { Group, group } });

    public void Paused(string topic, string group, string? lane) => _paused.Add(1, Tags(topic, group, lane));

    public void Committed(string group, TimeSpan duration, string? error)
    {
        var tags = new TagList { { System, "kafka" }, { Group, group } };
        if (error is not null)
            tags.Add(ErrorType, error);
        _commitDuration.Record(duration.TotalSeconds, tags);
    }

    public void Rebalanced(string group, string what, int partitions, TimeSpan? duration = null)
    {
        _rebalances.Add(partitions, new TagList { { Group, group }, { "kafka.rider.change", what } });
        if (duration is { } took)
            _rebalanceDuration.Record(took.TotalSeconds, new TagList { { Group, group } });
    }

    /// <param name="client"><c>consumer</c>, <c>producer</c> or <c>admin</c>.</param>
    /// <param name="remedy">What was done.</param>
    /// <param name="error">Why, where an error was its end.</param>
    /// <param name="group">A consumer's group.</param>
    public void Recovered(string client, ClientRemedy remedy, string? error, string? group = null)
    {
        var tags = new TagList { { "kafka.rider.client", client }, { "kafka.rider.recovery", remedy == ClientRemedy.Replace ? "replaced" : "brokers_added" } };
        if (group is not null)
            tags.Add(Group, group);
        if (error is not null)
            tags.Add(ErrorType, error);
        _recoveries.Add(1, tags);
    }

    public void Throttled(string broker, TimeSpan longest) => _throttled.Record(longest.TotalSeconds, new TagList { { System, "kafka" }, { "kafka.rider.broker", broker } });

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static TagList Tags(string topic, string group, string? lane)
    {
        var tags = new TagList { { Destination, topic }, { Group, group } };
        if (lane is not null)
            tags.Add(Lane, lane);
        return tags;
    }

    private List<Measurement<long>> Observe(Func<PartitionState, long> value)
    {
        var measurements = new List<Measurement<long>>();
        foreach (var loop in _loops.Keys)
        {
            foreach (var state in loop.Partitions)
            {
                measurements.Add(new Measurement<long>(value(state), new TagList
                {
                    { System, "kafka" }, { Destination, state.Topic }, { Group, loop.Group }, { Partition, state.Partition.ToString(global::System.Globalization.CultureInfo.InvariantCulture) },
                }));
            }
        }

        return measurements;
    }
}

/// <summary>A partition as metrics see it.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its number.</param>
/// <param name="Outstanding">Records read that are not completed.</param>
/// <param name="Paused">Whether it is not read on for now.</param>
/// <param name="Lag">Records between the committed watermark and the end.</param>
internal readonly record struct PartitionState(string Topic, int Partition, int Outstanding, bool Paused, long Lag);
