using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Configuration;

/// <summary>An endpoint that hands records over as they are.</summary>
internal sealed class RawEndpoint
{
    private readonly string _topic;
    private readonly Func<KafkaRecord, CancellationToken, Task> _handle;
    private readonly ConsumerConfigurator _consumer;

    public RawEndpoint(string topic, string group, ClientConfig host, Func<KafkaRecord, CancellationToken, Task> handle, Action<IKafkaConsumerConfigurator>? configure)
    {
        _topic = topic;
        _handle = handle;
        _consumer = new ConsumerConfigurator(topic, new ConsumerConfig { GroupId = group }, host);
        configure?.Invoke(_consumer);
        Settings = _consumer.Build();
    }

    public string Name => _topic;

    public ConsumerSettings Settings { get; }

    public PauseCircuit? Circuit { get; private set; }

    /// <summary>The consumer once it runs.</summary>
    public ConsumerLoop? Loop { get; set; }

    public IReadOnlyList<RequiredTopic> Topics => [new(_topic, _consumer.TopicOptions)];

    public IEnumerable<(string Key, string Message)> Validate() => _consumer.Validate();

    /// <summary>Shows what a record passes: the circuit, where there is one, and the handler.</summary>
    public void Probe(ProbeContext context)
    {
        if (_consumer.Pause is not null)
            context.CreateFilterScope("pause");
        context.CreateFilterScope("handler");
    }

    public IRecordHandler CreateHandler(KafkaHost host)
    {
        var logger = host.Loggers.CreateLogger("MassTransit.Kafka." + _topic);
        Circuit = _consumer.Pause is { } pause ? new PauseCircuit(pause, Settings.Name, host.Time, () => host.Metrics.Paused(_topic, Settings.Group), logger) : null;
        return new RawRecordHandler(_handle, Circuit, host.Time, logger);
    }
}
