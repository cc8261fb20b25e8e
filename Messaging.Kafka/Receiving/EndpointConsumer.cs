namespace Messaging.Kafka.Receiving;

/// <summary>The consumer of an endpoint, which may be started and stopped any number of times.</summary>
internal sealed class EndpointConsumer(ConsumerSettings settings, IRecordHandler handler, KafkaHost host)
{
    /// <summary>What it reads and within which bounds.</summary>
    public ConsumerSettings Settings => settings;

    /// <summary>What it does with its records.</summary>
    public IRecordHandler Handler => handler;

    /// <summary>The loop that runs, or null.</summary>
    public ConsumerLoop? Loop { get; private set; }

    /// <summary>Starts it.</summary>
    public ConsumerLoop Start()
    {
        var loop = new ConsumerLoop(settings, handler, host, host.LoggerOf(settings.Topics[0]));
        loop.Start();
        return Loop = loop;
    }

    /// <summary>Stops it, where it runs.</summary>
    /// <inheritdoc cref="ConsumerLoop.Stop"/>
    public async Task Stop(CancellationToken cancellationToken)
    {
        if (Loop is not { } loop)
            return;
        await loop.Stop(cancellationToken);
        Loop = null;
        loop.Dispose();
    }
}
