namespace MassTransit.KafkaIntegration;

/// <summary>Takes a record's key from the message that is sent.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The message type.</typeparam>
/// <param name="context">The send context, with the message.</param>
public delegate TKey KafkaKeyResolver<out TKey, TValue>(KafkaSendContext<TValue> context)
    where TValue : class;
