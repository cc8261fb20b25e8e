using MassTransit;
using MassTransit.KafkaIntegration;

namespace Messaging.Kafka.Sending;

/// <summary>A producer in a scope: inside a consumer it carries on the conversation of the message that is consumed, within its outbox.</summary>
internal sealed class ScopedTopicProducer<TKey, TValue>(TopicProducer<TKey, TValue> producer, ProducerScope scope) : ITopicProducer<TKey, TValue>
    where TValue : class
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => producer.ConnectSendObserver(observer);

    public Task Produce(TKey key, TValue value, CancellationToken cancellationToken = default) =>
        producer.Produce(key, value, scope, initializer: null, pipe: null, cancellationToken);

    public Task Produce(TKey key, TValue value, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default) =>
        producer.Produce(key, value, scope, initializer: null, pipe, cancellationToken);

    public Task Produce(TKey key, object values, CancellationToken cancellationToken = default) =>
        Produce(key, values, Pipe.Empty<KafkaSendContext<TKey, TValue>>(), cancellationToken);

    public async Task Produce(TKey key, object values, IPipe<KafkaSendContext<TKey, TValue>> pipe, CancellationToken cancellationToken = default)
    {
        var (message, initializer) = await TopicProducer<TKey, TValue>.Initialize(values, cancellationToken);
        await producer.Produce(key, message, scope, initializer, pipe, cancellationToken);
    }
}

/// <summary>A producer whose keys a resolver takes from the message.</summary>
internal sealed class KeyedTopicProducer<TKey, TValue>(ITopicProducer<TKey, TValue> producer, KafkaKeyResolver<TKey, TValue> resolver) : ITopicProducer<TValue>
    where TValue : class
{
    private readonly IPipe<KafkaSendContext<TKey, TValue>> _resolve =
        Pipe.Execute<KafkaSendContext<TKey, TValue>>(context => context.Key = resolver(context));

    public ConnectHandle ConnectSendObserver(ISendObserver observer) => producer.ConnectSendObserver(observer);

    public Task Produce(TValue message, CancellationToken cancellationToken = default) =>
        producer.Produce(default!, message, _resolve, cancellationToken);

    public Task Produce(TValue message, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default) =>
        producer.Produce(default!, message, ResolveAfter(pipe), cancellationToken);

    public Task Produce(object values, CancellationToken cancellationToken = default) =>
        producer.Produce(default!, values, _resolve, cancellationToken);

    public Task Produce(object values, IPipe<KafkaSendContext<TValue>> pipe, CancellationToken cancellationToken = default) =>
        producer.Produce(default!, values, ResolveAfter(pipe), cancellationToken);

    /// <summary>The resolver sees the context as the application's pipe has left it.</summary>
    private IPipe<KafkaSendContext<TKey, TValue>> ResolveAfter(IPipe<KafkaSendContext<TValue>> pipe) =>
        Pipe.ExecuteAsync<KafkaSendContext<TKey, TValue>>(async context =>
        {
            if (pipe.IsNotEmpty())
                await pipe.Send(context);
            context.Key = resolver(context);
        });
}

/// <summary>Producers of any topic, in a scope.</summary>
internal sealed class ScopedTopicProducerProvider(KafkaRider rider, ProducerScope scope) : ITopicProducerProvider
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => rider.ConnectSendObserver(observer);

    public ITopicProducer<TKey, TValue> GetProducer<TKey, TValue>(Uri address)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(address);
        return new ScopedTopicProducer<TKey, TValue>(rider.Producer<TKey, TValue>(TopicAddress.TopicOf(address)), scope);
    }
}
