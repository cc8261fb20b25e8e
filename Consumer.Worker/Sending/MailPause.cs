using MassTransit;
using MassTransit.Transports;
using Persistence.Workers;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Sending;

/// <summary>Whether this worker sends nothing now, and why: the circuit of the mails' endpoints, for whoever asks what a mail waits for.</summary>
/// <param name="services">Where the bus is, which needs what this class is needed by.</param>
/// <param name="topics">The endpoints' topics.</param>
internal sealed class MailPause(IServiceProvider services, MailTopics topics)
{
    /// <summary>Why it sends nothing; null while it does.</summary>
    public Pause? Now =>
        services.GetService<IBusInstance>()?.GetRider<IKafkaRider>()?.Paused.FirstOrDefault(endpoint => topics.IsMails(endpoint.Topic)) is { } paused
            ? new Pause(paused.Reason.Message, paused.Since)
            : null;
}
