using MassTransit.Transports;

namespace MassTransit.KafkaIntegration.Serializers;

/// <summary>Reads a record's headers in place of the rider's own, <see cref="DictionaryHeadersSerialize.Deserializer"/>.</summary>
public interface IHeadersDeserializer
{
    /// <summary>
    /// The headers as MassTransit asks for them. What it does not find of <c>MessageId</c> and <c>MT-Redelivery-Count</c> the rider
    /// takes from the record itself: without them, redelivery would neither know a message again nor ever end.
    /// </summary>
    IHeaderProvider Deserialize(Confluent.Kafka.Headers headers);
}
