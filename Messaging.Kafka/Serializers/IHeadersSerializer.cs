namespace MassTransit.KafkaIntegration.Serializers;

/// <summary>Writes a message's headers in place of the rider's own, <see cref="DictionaryHeadersSerialize.Serializer"/>.</summary>
public interface IHeadersSerializer
{
    /// <summary>The headers of a message that is sent; the rider adds those of its own trade, <c>traceparent</c> and the due time of a delay.</summary>
    Confluent.Kafka.Headers Serialize(SendContext context);
}
