using MassTransit;
using MassTransit.Configuration;

namespace Messaging.Kafka.Batches;

/// <summary>Notices what consumers an endpoint has, and puts the order of keys into the pipe of those that take batches.</summary>
internal sealed class BatchConsumers : ConfigurationObserver, IMessageConfigurationObserver
{
    private int _batches;
    private bool _others;

    /// <param name="endpoint">The endpoint.</param>
    public BatchConsumers(IConsumePipeConfigurator endpoint)
        : base(endpoint) => Connect(this);

    /// <summary>Whether there is one that takes batches; known once the endpoint is validated.</summary>
    public bool Any => _batches > 0;

    /// <summary>
    /// Whether one batch consumer is all that the endpoint has, so that a record that waits in its batch waits for nothing else; known once
    /// the endpoint's specifications are applied.
    /// </summary>
    public bool AreAlone => _batches == 1 && !_others;

    /// <inheritdoc/>
    public void MessageConfigured<TMessage>(IConsumePipeConfigurator configurator)
        where TMessage : class => _others = true;

    /// <inheritdoc/>
    public override void BatchConsumerConfigured<TConsumer, TMessage>(IConsumerMessageConfigurator<TConsumer, Batch<TMessage>> configurator)
    {
        _batches++;
        configurator.Message(message => message.UseFilter(new BatchOrderFilter<TMessage>()));
    }
}
