using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <inheritdoc cref="IKafkaFetchConfigurator"/>
internal sealed class FetchConfigurator(ConsumerConfig config) : IKafkaFetchConfigurator
{
    public TimeSpan? WaitMaxInterval
    {
        set => config.FetchWaitMaxMs = value.ToMilliseconds();
    }

    public int? MinBytes
    {
        set => config.FetchMinBytes = value;
    }

    public int? MaxBytes
    {
        set => config.FetchMaxBytes = value;
    }

    public int? MaxPartitionBytes
    {
        set => config.MaxPartitionFetchBytes = value;
    }

    public TimeSpan? ErrorBackoffInterval
    {
        set => config.FetchErrorBackoffMs = value.ToMilliseconds();
    }
}
