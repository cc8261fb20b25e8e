using MassTransit;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>
/// Refuses at once what would wait in vain: while Kafka does not acknowledge, a post would hold its caller, its mail and its place for the
/// whole of its time. It opens when a record waited long for nothing and no other was acknowledged meanwhile; then one record a second
/// goes through as the probe, and the first that is acknowledged closes it.
/// </summary>
internal sealed class QueueCircuit(MailTopics names, TimeProvider timeProvider, ILogger<QueueCircuit> logger)
{
    /// <summary>How often a record is let through while the circuit is open.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>A failure that comes sooner costs nobody time.</summary>
    public static readonly TimeSpan LongWait = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long _acknowledged;
    private long _probed;
    private (DateTimeOffset Since, string Reason)? _open;

    /// <summary>Produces a record, or refuses to.</summary>
    /// <exception cref="KafkaProduceException">It was not acknowledged, or not produced at all: then it is certainly not written.</exception>
    public async Task RunAsync(Func<Task> produce)
    {
        Enter();
        var begun = timeProvider.GetTimestamp();
        try
        {
            await produce();
        }
        catch (Exception exception) when (exception is KafkaProduceException and not KafkaRecordTooLargeException or OperationCanceledException)
        {
            Failed(begun, exception);
            throw;
        }

        Succeeded();
    }

    private void Enter()
    {
        lock (_lock)
        {
            if (_open is not { } open)
                return;
            if (timeProvider.GetElapsedTime(_probed) < ProbeInterval)
                throw new KafkaProduceException(names.Mails, ProduceOutcome.NotWritten, $"Kafka has acknowledged nothing since {open.Since:O}; the last reason: {open.Reason}");
            _probed = timeProvider.GetTimestamp();
        }
    }

    private void Failed(long begun, Exception exception)
    {
        lock (_lock)
        {
            if (_acknowledged > begun || timeProvider.GetElapsedTime(begun) < LongWait)
                return;
            if (_open is null)
                logger.LogWarning("Kafka does not acknowledge: posts are refused at once, but for one a second, until it does. {Reason}", exception.Message);
            _open = (_open?.Since ?? timeProvider.GetUtcNow() - timeProvider.GetElapsedTime(begun), exception.Message);
            _probed = timeProvider.GetTimestamp();
        }
    }

    private void Succeeded()
    {
        lock (_lock)
        {
            _acknowledged = timeProvider.GetTimestamp();
            if (_open is null)
                return;
            _open = null;
            logger.LogInformation("Kafka acknowledges again: posts are accepted");
        }
    }
}
