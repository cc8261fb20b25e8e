using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka;

/// <summary>An endpoint, ready to start: one with MassTransit's pipeline, one for records as they are, or what brings delayed records back.</summary>
/// <param name="Consumer">Its consumer.</param>
/// <param name="Topics">The topics that must be there before it starts.</param>
/// <param name="Circuits">Its circuits, where it has some.</param>
/// <param name="ReceiveEndpoint">MassTransit's endpoint, which starts and stops the consumer; null: the rider does.</param>
/// <param name="Tiers">Its delay topics, where it has some.</param>
internal sealed record KafkaEndpoint(
    EndpointConsumer Consumer, IReadOnlyList<RequiredTopic> Topics, PauseCircuits? Circuits = null, ReceiveEndpoint? ReceiveEndpoint = null,
    DelayTiers? Tiers = null)
{
    /// <summary>The name that MassTransit's health has it by.</summary>
    public string Key => ReceiveEndpoint!.InputAddress.ToString();

    /// <summary>Whether it is the endpoint of a topic and group.</summary>
    public bool IsOf(string topic, string group) => Consumer.Settings.Topics[0] == topic && Consumer.Settings.Group == group;

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
