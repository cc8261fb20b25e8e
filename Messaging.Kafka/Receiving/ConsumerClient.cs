using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// A Kafka consumer from its subscription until it leaves its group. A fatal error never heals in the client that has it: its successor
/// joins the group as a new member. The poll thread's own.
/// </summary>
internal sealed class ConsumerClient
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly ConsumerSettings _settings;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;

    /// <summary>Makes the client, so that wrong settings fail here, and subscribes to the topics.</summary>
    /// <param name="settings">What it reads.</param>
    /// <param name="host">Makes clients.</param>
    /// <param name="rebalances">Told of partitions that come and go, within a <see cref="Consume"/> or the <see cref="Close"/>.</param>
    /// <param name="logger">The log.</param>
    /// <param name="stopping">Ends the pause after an error.</param>
    public ConsumerClient(ConsumerSettings settings, KafkaHost host, Rebalances rebalances, ILogger logger, CancellationToken stopping)
    {
        _settings = settings;
        _logger = logger;
        _stopping = stopping;

        // The client would make a new string of the topic's name for every record. Of one topic it is known.
        settings.Config.ConsumeResultFields = settings.Topics.Count == 1 ? "timestamp,headers" : "all";
        Kafka = host.Clients.CreateConsumerBuilder(settings.Config)
            .SetPartitionsAssignedHandler((_, partitions) => rebalances.Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => rebalances.Revoked(this, partitions.ConvertAll(partition => partition.TopicPartition)))
            .SetPartitionsLostHandler((_, partitions) => rebalances.Lost(this, partitions.ConvertAll(partition => partition.TopicPartition)))
            .SetErrorHandler((_, error) => Note(error))
            .Build();
        Committer = new OffsetCommitter(Kafka, settings, host.Time, host.Metrics, logger);
        Kafka.Subscribe(settings.Topics);
    }

    /// <summary>Confluent's consumer, to pause and resume partitions by.</summary>
    public IConsumer<byte[]?, byte[]?> Kafka { get; }

    /// <summary>Commits offsets.</summary>
    public OffsetCommitter Committer { get; }

    /// <summary>The error that it does not recover from, or null.</summary>
    public Error? FatalError { get; private set; }

    /// <summary>Whether it is a member of its group.</summary>
    public bool IsMember => !string.IsNullOrEmpty(Kafka.MemberId);

    /// <summary>The next record, or a partition's end, or null where none comes in time; an error that is not fatal is logged, and the next call tries again.</summary>
    public ConsumeResult<byte[]?, byte[]?>? Consume(TimeSpan wait)
    {
        try
        {
            var result = Kafka.Consume(wait);
            if (result is null)
                return null;
            result.Topic ??= _settings.Topics[0];
            return result;
        }
        catch (ConsumeException exception)
        {
            Note(exception.Error);
            if (!exception.Error.IsFatal)
            {
                _logger.LogWarning("The consumer of {Name} could not read: {Reason}", _settings.Name, exception.Error.Reason);
                _stopping.WaitHandle.WaitOne(PauseAfterError);
            }

            return null;
        }
    }

    /// <summary>Leaves the group, so that its other members need not wait for the session timeout.</summary>
    public void Close()
    {
        try
        {
            Kafka.Close();
        }
        catch (KafkaException exception)
        {
            _logger.LogWarning("The consumer of {Name} did not leave its group: {Reason}", _settings.Name, exception.Error.Reason);
        }

        Kafka.Dispose();
    }

    private void Note(Error error)
    {
        if (error.IsFatal)
            FatalError = error;
    }
}
