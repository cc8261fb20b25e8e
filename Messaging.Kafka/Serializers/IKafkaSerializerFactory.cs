using System.Net.Mime;
using Confluent.Kafka;

namespace MassTransit.KafkaIntegration.Serializers;

/// <summary>Makes the serializers of all keys and values for which producer or endpoint sets none of its own.</summary>
public interface IKafkaSerializerFactory
{
    /// <summary>What values are called in the <c>Content-Type</c> header.</summary>
    ContentType ContentType { get; }

    /// <summary>Reads keys or values of a type.</summary>
    IDeserializer<T> GetDeserializer<T>();

    /// <summary>Writes keys or values of a type.</summary>
    IAsyncSerializer<T> GetSerializer<T>();
}
