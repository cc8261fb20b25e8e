using Confluent.Kafka;
using MassTransit.KafkaIntegration;
using Messaging.Kafka.Sending;

namespace MassTransit;

/// <summary>Producers without a key, and with one that a resolver takes from the message.</summary>
public static class TopicProducerProviderExtensions
{
    /// <summary>The producer of a topic, for records without a key.</summary>
    /// <param name="provider">The provider, from a scope.</param>
    /// <param name="address">The topic's address, <c>topic:name</c>.</param>
    /// <typeparam name="TValue">The message type.</typeparam>
    public static ITopicProducer<TValue> GetProducer<TValue>(this ITopicProducerProvider provider, Uri address)
        where TValue : class => provider.GetProducer<Null, TValue>(address, static _ => null!);

    /// <summary>The producer of a topic, with keys that a resolver takes from the message.</summary>
    /// <param name="provider">The provider, from a scope.</param>
    /// <param name="address">The topic's address, <c>topic:name</c>.</param>
    /// <param name="keyResolver">Takes the key from the message.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    public static ITopicProducer<TValue> GetProducer<TKey, TValue>(this ITopicProducerProvider provider, Uri address, KafkaKeyResolver<TKey, TValue> keyResolver)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(keyResolver);
        return new KeyedTopicProducer<TKey, TValue>(provider.GetProducer<TKey, TValue>(address), keyResolver);
    }
}
