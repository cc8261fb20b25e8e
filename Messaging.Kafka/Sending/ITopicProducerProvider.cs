namespace MassTransit;

/// <summary>
/// Makes producers of topics that are only known at run time. Resolve it from a scope; inside a consumer its producers carry
/// on the conversation of the message being consumed.
/// </summary>
public interface ITopicProducerProvider : ISendObserverConnector
{
    /// <summary>The producer of a topic; with the settings of <c>AddProducer</c> where that names the same topic and types.</summary>
    /// <param name="address">The topic's address, <c>topic:name</c>.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="TValue">The message type.</typeparam>
    ITopicProducer<TKey, TValue> GetProducer<TKey, TValue>(Uri address)
        where TValue : class;
}
