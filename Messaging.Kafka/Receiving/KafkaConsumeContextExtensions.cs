using Confluent.Kafka;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;

namespace MassTransit;

/// <summary>What a consumer may ask of the Kafka record that its message came in.</summary>
public static class KafkaConsumeContextExtensions
{
    /// <summary>The record's key, read as the endpoint was told to; default where it has none, or the message did not come from Kafka.</summary>
    /// <param name="context">The consume context.</param>
    /// <typeparam name="TKey">The key type of the endpoint.</typeparam>
    public static TKey? GetKey<TKey>(this ConsumeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.TryGetPayload(out KafkaConsumeRecord? record) ? ReadKey<TKey>(context, record) : default;
    }

    /// <summary>A record's key, by the deserializer that a context has.</summary>
    internal static TKey? ReadKey<TKey>(PipeContext context, KafkaConsumeRecord record)
    {
        if (record.Key is null)
            return default;
        var deserializer = context.TryGetPayload(out IDeserializer<TKey>? configured) ? configured : KeySerializers.DeserializerFor<TKey>();
        return deserializer.Deserialize(record.Key, isNull: false, new SerializationContext(MessageComponentType.Key, record.Topic, record.RecordHeaders.ToClient()));
    }

    /// <summary>The record's partition, or null where the message did not come from Kafka.</summary>
    public static int? Partition(this ConsumeContext context) => context.TryGetPayload(out KafkaConsumeRecord? record) ? record!.Partition : null;

    /// <summary>The record's offset, or null where the message did not come from Kafka.</summary>
    public static long? Offset(this ConsumeContext context) => context.TryGetPayload(out KafkaConsumeRecord? record) ? record!.Offset : null;
}
