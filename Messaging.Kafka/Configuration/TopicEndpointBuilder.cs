using Confluent.Kafka;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Transports;

namespace Messaging.Kafka.Configuration;

/// <summary>Builds the topic endpoints of a rider, those that are configured and those that are connected at run time.</summary>
/// <param name="registration">What their consumers are registered with.</param>
/// <param name="bus">The bus.</param>
/// <param name="host">What the rider's endpoints share.</param>
/// <param name="observer">Sees them all come and go.</param>
/// <param name="headers">Reads headers where an endpoint does not say how; null: the rider's own.</param>
/// <param name="serializers">Read keys and values where an endpoint does not say how; null: the rider's own.</param>
internal sealed class TopicEndpointBuilder(
    IRiderRegistrationContext registration, IBusInstance bus, KafkaHost host, IReceiveEndpointObserver observer, IHeadersDeserializer? headers,
    IKafkaSerializerFactory? serializers)
{
    /// <summary>Builds an endpoint, and what brings its delayed records back, where it has delay topics.</summary>
    /// <exception cref="ConfigurationException">It is not configured well.</exception>
    public List<KafkaEndpoint> Build<TKey, TValue>(
        string topic, ConsumerConfig config, Action<IRiderRegistrationContext, IKafkaTopicReceiveEndpointConfigurator<TKey, TValue>> configure)
        where TValue : class
    {
        // What the consumers begin while they are built logs by it: a batch consumer that has none never delivers a batch. At run time the
        // caller may be anybody, such as a web request.
        if (bus.HostConfiguration.LogContext is { } log)
            LogContext.SetCurrentIfNull(log);
        var parent = bus.HostConfiguration.CreateReceiveEndpointConfiguration($"kafka-{config.GroupId}-{Uri.EscapeDataString(topic)}");
        var endpoint = new KafkaTopicReceiveEndpointConfiguration<TKey, TValue>(bus, host, topic, new ConsumerConfig(config), parent);
        if (headers is not null)
            endpoint.SetHeadersDeserializer(headers);
        if (serializers is not null)
        {
            endpoint.SetValueDeserializer(serializers.GetDeserializer<TValue>());
            if (typeof(TKey) != typeof(Ignore) && typeof(TKey) != typeof(Null))
                endpoint.SetKeyDeserializer(serializers.GetDeserializer<TKey>());
        }

        endpoint.ConnectReceiveEndpointObserver(observer);
        configure(registration, endpoint);
        return [.. endpoint.Build()];
    }
}
