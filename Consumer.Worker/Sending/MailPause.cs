using Consumer.Worker.Smtp.Relays;
using MassTransit;
using MassTransit.Transports;
using Persistence.Workers;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Sending;

/// <summary>
/// Whether this worker sends nothing now, and why: the circuits of the mails' endpoints, for whoever asks what a mail waits for. As long
/// as one relay of several is available the worker sends.
/// </summary>
/// <param name="services">Where the bus is, which needs what this class is needed by.</param>
/// <param name="topics">The endpoints' topics.</param>
internal sealed class MailPause(IServiceProvider services, MailTopics topics)
{
    private static readonly Pause Starting = new("The worker is starting.", null);

    /// <summary>Why it sends nothing; null while it does.</summary>
    public Pause? Now
    {
        get
        {
            if (FindRider() is not { } rider)
                return Starting;
            var all = rider.Paused.Where(endpoint => topics.IsMails(endpoint.Topic)).ToList();
            var paused = all.Find(endpoint => endpoint.Lane is null)
                ?? (services.GetService<SmtpRelays>()?.All.All(relay => relay.Circuit.IsOpen) == true ? all.FirstOrDefault() : null);
            return paused is null ? null : new Pause(paused.Reason.Message, paused.Since);
        }
    }

    /// <summary>The rider; null until it has been started, which the first heartbeats do not wait for.</summary>
    private IKafkaRider? FindRider()
    {
        try
        {
            return services.GetService<IBusInstance>()?.GetRider<IKafkaRider>();
        }
        catch (ConfigurationException)
        {
            return null;
        }
    }
}
