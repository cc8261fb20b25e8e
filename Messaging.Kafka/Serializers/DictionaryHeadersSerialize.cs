using MassTransit.Transports;
using Messaging.Kafka.Wire;

namespace MassTransit.KafkaIntegration.Serializers;

/// <summary>The rider's own way with headers, to build on: every header is text in UTF-8.</summary>
public static class DictionaryHeadersSerialize
{
    /// <summary>Writes a message's headers and ids as text.</summary>
    public static IHeadersSerializer Serializer { get; } = new TextSerializer();

    /// <summary>Reads a record's headers as text; of several with one name, the last.</summary>
    public static IHeadersDeserializer Deserializer { get; } = new TextDeserializer();

    private sealed class TextSerializer : IHeadersSerializer
    {
        public Confluent.Kafka.Headers Serialize(SendContext context) => KafkaHeaders.From(context);
    }

    private sealed class TextDeserializer : IHeadersDeserializer
    {
        public IHeaderProvider Deserialize(Confluent.Kafka.Headers headers) => new DictionaryHeaderProvider(KafkaHeaders.ToTexts(headers));
    }
}
