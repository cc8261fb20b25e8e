using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Configuration;

/// <summary>An endpoint whose handler gets records as they are: what the application configures, and its build.</summary>
internal sealed class RawEndpointConfigurator(string topic, string group, Func<KafkaRecord, CancellationToken, Task> handle) : IKafkaConsumerConfigurator
{
    public ConsumerSettings Consumer { get; } = ConsumerSettings.Of(topic, new ConsumerConfig { GroupId = group });

    public IEnumerable<(string Key, string Message)> Validate(ClientConfig host) =>
        ConsumerRules.Validate(Consumer, host).Select(problem => ($"{topic}: {problem.Key}", problem.Message));

    public KafkaEndpoint Build(KafkaHost host)
    {
        ConsumerSettings.WithDefaults(Consumer.Config, host.Clients.ClientConfig, Consumer.Pattern is not null);
        var circuits = host.CreateCircuits(Consumer);
        var handler = new RawRecordHandler(handle, circuits, host.Time, host.LoggerOf(topic));
        return new KafkaEndpoint(new EndpointConsumer(Consumer, handler, host), Consumer.Pattern is null ? [new RequiredTopic(topic, Consumer.NewTopic, TopicUse.Read, Retention: Consumer.RetentionNeeded)] : [], circuits);
    }
}
