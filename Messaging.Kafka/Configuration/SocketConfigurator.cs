using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <inheritdoc cref="IKafkaSocketConfigurator"/>
internal sealed class SocketConfigurator(ClientConfig config) : IKafkaSocketConfigurator
{
    public TimeSpan? Timeout
    {
        set => config.SocketTimeoutMs = value.ToMilliseconds();
    }

    public int? SendBufferBytes
    {
        set => config.SocketSendBufferBytes = value;
    }

    public int? ReceiveBufferBytes
    {
        set => config.SocketReceiveBufferBytes = value;
    }

    public bool? KeepaliveEnable
    {
        set => config.SocketKeepaliveEnable = value;
    }

    public bool? NagleDisable
    {
        set => config.SocketNagleDisable = value;
    }

    public int? MaxFails
    {
        set => config.SocketMaxFails = value;
    }
}
