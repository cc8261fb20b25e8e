using System.Diagnostics.CodeAnalysis;
using MassTransit;
using MassTransit.Context;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Lets an endpoint's consumers have its records as its own message type alone. Plain JSON that names no type could be read as whatever a
/// consumer asks for; a consumer of several types that stands on several endpoints would get each record once for every type.
/// </summary>
/// <typeparam name="TMessage">The endpoint's message type.</typeparam>
internal sealed class EndpointTypeFilter<TMessage> : IFilter<ConsumeContext>
    where TMessage : class
{
    public Task Send(ConsumeContext context, IPipe<ConsumeContext> next) => next.Send(new Typed(context));

    public void Probe(ProbeContext context) => context.CreateFilterScope("endpointType").Add("messageType", TypeCache<TMessage>.ShortName);

    private sealed class Typed(ConsumeContext context) : ConsumeContextProxy(context)
    {
        public override bool HasMessageType(Type messageType) => MayBe(messageType) && base.HasMessageType(messageType);

        public override bool TryGetMessage<T>([NotNullWhen(true)] out ConsumeContext<T>? consumeContext)
        {
            consumeContext = null;
            return MayBe(typeof(T)) && base.TryGetMessage(out consumeContext);
        }

        /// <summary>
        /// A record of the endpoint's type is also of the types that this one derives from. Of those that derive from it, it is only one
        /// that it names: what names none is of the endpoint's type and no more.
        /// </summary>
        private bool MayBe(Type type)
        {
            if (type == typeof(TMessage))
                return true;
            return type.IsAssignableFrom(typeof(TMessage))
                ? base.HasMessageType(typeof(TMessage))
                : typeof(TMessage).IsAssignableFrom(type) && SupportedMessageTypes.Any();
        }
    }
}
