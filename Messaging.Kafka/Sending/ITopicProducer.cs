namespace MassTransit;

/// <summary>
/// Produces messages with a key to one Kafka topic. Resolve it from a scope; inside a consumer it carries on the
/// conversation of the message being consumed.
/// </summary>
/// <remarks>
/// A task that completes means that the broker acknowledged the record as <c>acks</c> asks (<c>all</c> by default). One that
/// fails with <see cref="KafkaProduceException"/> says whether the record was surely not written or may have been.
/// </remarks>
/// <typeparam name="TKey">The type of the record's key.</typeparam>
/// <typeparam name="TValue">The message type.</typeparam>
public interface ITopicProducer<TKey, TValue> : ISendObserverConnector
    where TValue : class
{
    /// <summary>Produces a message.</summary>
    /// <param name="key">The record's key; records of one key keep their order.</param>
    /// <param name="value">The message.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TKey key, TValue value, CancellationToken cancellationToken = default);

    /// <summary>Produces a message whose headers, id or partition a pipe sets.</summary>
    /// <param name="key">The record's key; records of one key keep their order.</param>
    /// <param name="value">The message.</param>
    /// <param name="pipe">Called with the send context before the message is serialized.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TKey key, TValue value, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default);

    /// <summary>Produces a message made by MassTransit's message initializers from an object's properties.</summary>
    /// <param name="key">The record's key; records of one key keep their order.</param>
    /// <param name="values">The object whose properties become the message's.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TKey key, object values, CancellationToken cancellationToken = default);

    /// <summary>Produces a message made by MassTransit's message initializers, with a pipe that sets headers, id or partition.</summary>
    /// <param name="key">The record's key; records of one key keep their order.</param>
    /// <param name="values">The object whose properties become the message's.</param>
    /// <param name="pipe">Called with the send context before the message is serialized.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TKey key, object values, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default);
}

/// <summary>Produces messages to one Kafka topic, without a key or with one that a resolver takes from the message.</summary>
/// <inheritdoc cref="ITopicProducer{TKey, TValue}" path="/remarks"/>
/// <typeparam name="TValue">The message type.</typeparam>
public interface ITopicProducer<TValue> : ISendObserverConnector
    where TValue : class
{
    /// <summary>Produces a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TValue message, CancellationToken cancellationToken = default);

    /// <summary>Produces a message whose headers, id or partition a pipe sets.</summary>
    /// <param name="message">The message.</param>
    /// <param name="pipe">Called with the send context before the message is serialized.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(TValue message, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default);

    /// <summary>Produces a message made by MassTransit's message initializers from an object's properties.</summary>
    /// <param name="values">The object whose properties become the message's.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(object values, CancellationToken cancellationToken = default);

    /// <summary>Produces a message made by MassTransit's message initializers, with a pipe that sets headers, id or partition.</summary>
    /// <param name="values">The object whose properties become the message's.</param>
    /// <param name="pipe">Called with the send context before the message is serialized.</param>
    /// <param name="cancellationToken">Gives up waiting; a record that is already under way may still be written.</param>
    /// <exception cref="KafkaProduceException">The record was not acknowledged.</exception>
    Task Produce(object values, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default);
}
