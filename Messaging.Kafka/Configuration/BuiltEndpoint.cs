using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;

namespace Messaging.Kafka.Configuration;

/// <summary>A topic endpoint, ready to start.</summary>
/// <param name="Settings">How its topic is read.</param>
/// <param name="Endpoint">MassTransit's endpoint.</param>
/// <param name="Context">Its context, with the pipe that its records go through.</param>
/// <param name="Loop">Its consumer while it runs.</param>
/// <param name="Circuit">Its circuit, where it has one.</param>
/// <param name="Topics">The topics that must be there before it starts.</param>
/// <param name="Forwarder">What brings back its delayed records, where it has delay topics.</param>
internal sealed record BuiltEndpoint(
    ConsumerSettings Settings, ReceiveEndpoint Endpoint, ReceiveEndpointContext Context, Func<ConsumerLoop?> Loop, PauseCircuit? Circuit,
    IReadOnlyList<RequiredTopic> Topics, ForwarderSettings? Forwarder);

/// <summary>What brings back the delayed records of a topic.</summary>
/// <param name="Tiers">The delay topics.</param>
/// <param name="Consumer">How they are read.</param>
internal sealed record ForwarderSettings(DelayTiers Tiers, ConsumerSettings Consumer)
{
    /// <summary>How many records wait out their last second in memory at the most.</summary>
    public const int Concurrency = 10_000;
}
