using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka;

/// <summary>An endpoint, ready to start: one with MassTransit's pipeline, one for records as they are, or what brings delayed records back.</summary>
/// <param name="Consumer">Its consumer.</param>
/// <param name="Topics">The topics that must be there before it starts.</param>
/// <param name="Circuits">Its circuits, where it has some.</param>
/// <param name="ReceiveEndpoint">MassTransit's endpoint, which starts and stops the consumer; null: the rider does.</param>
internal sealed record KafkaEndpoint(
    EndpointConsumer Consumer, IReadOnlyList<RequiredTopic> Topics, PauseCircuits? Circuits = null, ReceiveEndpoint? ReceiveEndpoint = null)
{
    /// <summary>Shows what a record passes: MassTransit's pipeline, or the circuit, where there is one, and the handler.</summary>
    public void Probe(ProbeContext context)
    {
        if (Consumer.Handler is MassTransitRecordHandler handler)
        {
            handler.Endpoint.ReceivePipe.Probe(context);
            return;
        }

        if (Circuits is not null)
            context.CreateFilterScope("pause");
        context.CreateFilterScope("handler");
    }
}
