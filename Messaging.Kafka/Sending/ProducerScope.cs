using MassTransit;
using MassTransit.DependencyInjection;
using MassTransit.Middleware;
using MassTransit.Middleware.InMemoryOutbox;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Kafka.Sending;

/// <summary>The scope that a producer is used in, and the message that is consumed there, if any.</summary>
internal sealed class ProducerScope(IServiceProvider? services)
{
    /// <summary>No scope: what is produced belongs to no conversation.</summary>
    public static readonly ProducerScope None = new(null);

    /// <summary>The message that is consumed in the scope now, or null.</summary>
    public ConsumeContext? Consumed =>
        services?.GetService<IScopedConsumeContextProvider>() is { HasContext: true } provider ? provider.GetContext() : null;

    /// <summary>Gives a message what belongs to the scope: the ids and headers of its conversation, and the services for scoped filters.</summary>
    public void Prepare(SendContext context, ConsumeContext? consumed)
    {
        if (services is not null)
            context.GetOrAddPayload(() => services);
        if (consumed is null)
            return;
        context.GetOrAddPayload(() => consumed);
        context.TransferConsumeContextHeaders(consumed);
    }

    /// <summary>Sends now, or when the consumer has succeeded where an in-memory outbox holds back what it sends.</summary>
    /// <exception cref="NotSupportedException">The consumer runs within a transactional outbox.</exception>
    public static Task Send(ConsumeContext consumed, Func<Task> send)
    {
        if (consumed.TryGetPayload(out OutboxContext? outbox))
            return outbox.Add(send);
        if (consumed.TryGetPayload(out OutboxSendContext? _))
        {
            throw new NotSupportedException(
                "A topic producer cannot write to a transactional outbox: the record would be gone before the transaction is. " +
                "Use UseInMemoryOutbox, or write to the outbox a message of the bus whose consumer produces.");
        }

        return send();
    }
}
