using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Messaging.Kafka.Sending;

/// <summary>How keys are written and read where the application says nothing: as Kafka's own clients do, and JSON for all other types.</summary>
internal static class KeySerializers
{
    /// <summary>The serializer of a key type, or null where records have no key.</summary>
    public static ISerializer<TKey>? For<TKey>() => Known(typeof(TKey)) switch
    {
        { } known => (ISerializer<TKey>)known.Serializer,
        null when typeof(TKey) == typeof(Null) || typeof(TKey) == typeof(Ignore) => null,
        null => JsonKey<TKey>.Instance,
    };

    /// <summary>The deserializer of a key type.</summary>
    public static IDeserializer<TKey> DeserializerFor<TKey>() => Known(typeof(TKey)) switch
    {
        { } known => (IDeserializer<TKey>)known.Deserializer,
        null when typeof(TKey) == typeof(Null) => (IDeserializer<TKey>)Deserializers.Null,
        null when typeof(TKey) == typeof(Ignore) => (IDeserializer<TKey>)Deserializers.Ignore,
        null => JsonKey<TKey>.Instance,
    };

    private static (object Serializer, object Deserializer)? Known(Type type)
    {
        if (type == typeof(string))
            return (Serializers.Utf8, Deserializers.Utf8);
        if (type == typeof(byte[]))
            return (Serializers.ByteArray, Deserializers.ByteArray);
        if (type == typeof(int))
            return (Serializers.Int32, Deserializers.Int32);
        if (type == typeof(long))
            return (Serializers.Int64, Deserializers.Int64);
        if (type == typeof(float))
            return (Serializers.Single, Deserializers.Single);
        if (type == typeof(double))
            return (Serializers.Double, Deserializers.Double);
        if (type == typeof(Guid))
            return (GuidKey.Instance, GuidKey.Instance);
        return null;
    }

    private sealed class GuidKey : ISerializer<Guid>, IDeserializer<Guid>
    {
        public static readonly GuidKey Instance = new();

        public byte[] Serialize(Guid data, SerializationContext context) => Encoding.UTF8.GetBytes(data.ToString());

        /// <summary>MassTransit's own rider writes it as JSON, between quotation marks.</summary>
        public Guid Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => Guid.Parse(data is [(byte)'"', .. var text, (byte)'"'] ? text : data);
    }

    private sealed class JsonKey<T> : ISerializer<T>, IDeserializer<T>
    {
        public static readonly JsonKey<T> Instance = new();

        public byte[] Serialize(T data, SerializationContext context) => JsonSerializer.SerializeToUtf8Bytes(data, PlainJsonSerializer.Compact);

        public T Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            JsonSerializer.Deserialize<T>(data, PlainJsonSerializer.Compact)!;
    }
}
