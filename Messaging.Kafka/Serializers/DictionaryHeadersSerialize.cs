using System.Text;
using MassTransit.Transports;
using Messaging.Kafka.Sending;

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
        public IHeaderProvider Deserialize(Confluent.Kafka.Headers headers)
        {
            var texts = new Dictionary<string, object>(StringComparer.Ordinal);
            foreach (var header in headers)
            {
                if (header.GetValueBytes() is { } bytes)
                    texts[header.Key] = Encoding.UTF8.GetString(bytes);
            }

            return new DictionaryHeaderProvider(texts);
        }
    }
}
