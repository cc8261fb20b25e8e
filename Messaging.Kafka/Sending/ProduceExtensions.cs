using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace MassTransit;

/// <summary>
/// Produces from a saga's state machine, by the <see cref="ITopicProducer{TValue}"/> of the message's type from the scope in which the saga
/// is consumed: the message belongs to the conversation, and to the in-memory outbox.
/// </summary>
/// <remarks>A lambda that returns a task could also make a message that is a task: priorities say what is meant.</remarks>
public static class ProduceExtensions
{
    /// <summary>Produces a message.</summary>
    /// <param name="source">The behavior of an event.</param>
    /// <param name="message">The message.</param>
    /// <param name="callback">Sets headers and ids.</param>
    public static EventActivityBinder<TSaga> Produce<TSaga, TMessage>(
        this EventActivityBinder<TSaga> source, TMessage message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TMessage : class => source.ThenAsync(context => Produce(context, message, callback));

    /// <summary>Produces what is made of the event.</summary>
    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, TMessage, Action{SendContext{TMessage}})"/>
    public static EventActivityBinder<TSaga> Produce<TSaga, TMessage>(
        this EventActivityBinder<TSaga> source, EventMessageFactory<TSaga, TMessage> message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TMessage : class => source.ThenAsync(context => Produce(context, message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, EventMessageFactory{TSaga, TMessage}, Action{SendContext{TMessage}})"/>
    [OverloadResolutionPriority(1)]
    public static EventActivityBinder<TSaga> Produce<TSaga, TMessage>(
        this EventActivityBinder<TSaga> source, AsyncEventMessageFactory<TSaga, TMessage> message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TMessage : class => source.ThenAsync(async context => await Produce(context, await message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, EventMessageFactory{TSaga, TMessage}, Action{SendContext{TMessage}})"/>
    [OverloadResolutionPriority(2)]
    public static EventActivityBinder<TSaga> Produce<TSaga, TMessage>(
        this EventActivityBinder<TSaga> source, Func<BehaviorContext<TSaga>, Task<SendTuple<TMessage>>> message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TMessage : class => source.ThenAsync(async context => await Produce(context, await message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, TMessage, Action{SendContext{TMessage}})"/>
    public static EventActivityBinder<TSaga, TData> Produce<TSaga, TData, TMessage>(
        this EventActivityBinder<TSaga, TData> source, TMessage message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TMessage : class => source.ThenAsync(context => Produce(context, message, callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, EventMessageFactory{TSaga, TMessage}, Action{SendContext{TMessage}})"/>
    public static EventActivityBinder<TSaga, TData> Produce<TSaga, TData, TMessage>(
        this EventActivityBinder<TSaga, TData> source, EventMessageFactory<TSaga, TData, TMessage> message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TMessage : class => source.ThenAsync(context => Produce(context, message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, EventMessageFactory{TSaga, TMessage}, Action{SendContext{TMessage}})"/>
    [OverloadResolutionPriority(1)]
    public static EventActivityBinder<TSaga, TData> Produce<TSaga, TData, TMessage>(
        this EventActivityBinder<TSaga, TData> source, AsyncEventMessageFactory<TSaga, TData, TMessage> message, Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TMessage : class => source.ThenAsync(async context => await Produce(context, await message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, EventMessageFactory{TSaga, TMessage}, Action{SendContext{TMessage}})"/>
    [OverloadResolutionPriority(2)]
    public static EventActivityBinder<TSaga, TData> Produce<TSaga, TData, TMessage>(
        this EventActivityBinder<TSaga, TData> source, Func<BehaviorContext<TSaga, TData>, Task<SendTuple<TMessage>>> message,
        Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TMessage : class => source.ThenAsync(async context => await Produce(context, await message(context), callback));

    /// <summary>Produces what is made of an event's failure.</summary>
    /// <inheritdoc cref="Produce{TSaga, TMessage}(EventActivityBinder{TSaga}, TMessage, Action{SendContext{TMessage}})"/>
    public static ExceptionActivityBinder<TSaga, TData, TException> Produce<TSaga, TData, TException, TMessage>(
        this ExceptionActivityBinder<TSaga, TData, TException> source, EventExceptionMessageFactory<TSaga, TData, TException, TMessage> message,
        Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TException : Exception
        where TMessage : class => source.ThenAsync(context => Produce(context, message(context), callback));

    /// <inheritdoc cref="Produce{TSaga, TData, TException, TMessage}(ExceptionActivityBinder{TSaga, TData, TException}, EventExceptionMessageFactory{TSaga, TData, TException, TMessage}, Action{SendContext{TMessage}})"/>
    [OverloadResolutionPriority(1)]
    public static ExceptionActivityBinder<TSaga, TData, TException> Produce<TSaga, TData, TException, TMessage>(
        this ExceptionActivityBinder<TSaga, TData, TException> source, AsyncEventExceptionMessageFactory<TSaga, TData, TException, TMessage> message,
        Action<SendContext<TMessage>>? callback = null)
        where TSaga : class, SagaStateMachineInstance
        where TData : class
        where TException : Exception
        where TMessage : class => source.ThenAsync(async context => await Produce(context, await message(context), callback));

    private static Task Produce<TMessage>(PipeContext context, TMessage message, Action<SendContext<TMessage>>? callback)
        where TMessage : class => Produce(context, new SendTuple<TMessage>(message), callback);

    private static async Task Produce<TMessage>(PipeContext context, SendTuple<TMessage> message, Action<SendContext<TMessage>>? callback)
        where TMessage : class
    {
        if (!context.TryGetPayload(out IServiceProvider? services))
            throw new ConfigurationException($"Produce in a state machine: its saga is consumed in no scope, from which a producer of {TypeCache<TMessage>.ShortName} could come. Register it by AddSagaStateMachine");
        await services.GetRequiredService<ITopicProducer<TMessage>>().Produce(
            message.Message,
            Pipe.ExecuteAsync<KafkaSendContext<TMessage>>(async send =>
            {
                await message.Pipe.Send(send);
                callback?.Invoke(send);
            }),
            context.CancellationToken);
    }
}
