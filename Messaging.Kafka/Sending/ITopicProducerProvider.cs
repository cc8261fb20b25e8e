namespace MassTransit.KafkaIntegration;

/// <summary>Makes producers of topics that are only known at run time.</summary>
public interface ITopicProducerProvider
{
    /// <summary>The producer of a topic.</summary>
    /// <param name="address">The topic's address, <c>topic:name</c>.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    ITopicProducer<TKey, TValue> GetProducer<TKey, TValue>(Uri address)
        where TValue : class;
}
