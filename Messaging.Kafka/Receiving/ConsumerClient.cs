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

    /// <summary>How long the poll thread waits for a client to leave its group: one that is dead may never.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(15);

    private readonly ConsumerSettings _settings;
    private readonly ILogger _logger;
    private readonly KafkaClientFactory _clients;
    private readonly CancellationToken _stopping;
    private string? _refusedGroup;
    private string? _refusedTopic;
    private volatile bool _closing;
    private int _questions;

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
        _clients = host.Clients;

        // The client would make a new string of the topic's name for every record. Of one topic it is known.
        settings.Config.ConsumeResultFields = settings is { Topics.Count: 1, Pattern: null } ? "timestamp,headers" : "all";
        Kafka = host.Clients.CreateConsumerBuilder(settings.Config, Note)
            .SetPartitionsAssignedHandler((_, partitions) => WhileOpen(() => rebalances.Assigned(partitions)))
            .SetPartitionsRevokedHandler((_, partitions) => WhileOpen(() => rebalances.Revoked(this, partitions.ConvertAll(partition => partition.TopicPartition))))
            .SetPartitionsLostHandler((_, partitions) => WhileOpen(() => rebalances.Lost(this, partitions.ConvertAll(partition => partition.TopicPartition))))
            .Build();
        Committer = new OffsetCommitter(Kafka, settings, host.ReviveAfter, host.Time, host.Metrics, logger);
        Kafka.Subscribe(settings.Topics);
    }

    /// <summary>Confluent's consumer, to pause and resume partitions by.</summary>
    public IConsumer<byte[]?, byte[]?> Kafka { get; }

    /// <summary>Commits offsets.</summary>
    public OffsetCommitter Committer { get; }

    /// <summary>The error that it does not recover from, or null.</summary>
    public Error? FatalError { get; private set; }

    /// <summary>What the brokers refuse it, or null. That it may read a topic again is known with the next record alone.</summary>
    public string? Refusal => _refusedGroup ?? _refusedTopic;

    /// <summary>Whether it is a member of its group.</summary>
    public bool IsMember => MemberId is not null;

    /// <summary>Its id in the group, or null while it is not a member.</summary>
    public string? MemberId => Kafka.MemberId is { Length: > 0 } id ? id : null;

    /// <summary>What its group has committed; for any thread, and waits for Kafka.</summary>
    /// <returns>Null once it is being closed: the client must not be closed under a question.</returns>
    /// <exception cref="KafkaException">Kafka does not answer in time, or refuses.</exception>
    public List<TopicPartitionOffset>? Committed(List<TopicPartition> partitions, TimeSpan timeout)
    {
        Interlocked.Increment(ref _questions);
        try
        {
            return _closing ? null : Kafka.Committed(partitions, timeout);
        }
        finally
        {
            Interlocked.Decrement(ref _questions);
        }
    }

    /// <summary>It is a member of its group, so that it may be.</summary>
    public void ForgetGroupRefusal() => _refusedGroup = null;

    /// <summary>The next record, or a partition's end, or null where none comes in time; an error that is not fatal is logged, and the next call tries again.</summary>
    public ConsumeResult<byte[]?, byte[]?>? Consume(TimeSpan wait)
    {
        try
        {
            var result = Kafka.Consume(wait);
            if (result is null)
                return null;
            _refusedTopic = null;
            result.Topic ??= _settings.Topics[0];
            return result;
        }
        catch (ConsumeException exception)
        {
            Note(exception.Error);
            if (!exception.Error.IsFatal)
            {
                _logger.LogWarning("The consumer of {Name} could not read: {Reason}", _settings.Name, Refusal ?? exception.Error.Reason);
                _stopping.WaitHandle.WaitOne(PauseAfterError);
            }

            return null;
        }
    }

    /// <summary>
    /// Leaves the group, so that its other members need not wait for the session timeout, behind a commit that is under way. Its
    /// partitions have been released before.
    /// </summary>
    public void Close()
    {
        _closing = true;
        var closing = Task.Factory.StartNew(CloseKafka, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!closing.Wait(CloseTimeout))
            _logger.LogError("The consumer of {Name} has not left its group within {Timeout}, and is left behind", _settings.Name, CloseTimeout);
    }

    private void WhileOpen(Action change)
    {
        if (!_closing)
            change();
    }

    private void CloseKafka()
    {
        Committer.WaitForCommit();
        SpinWait.SpinUntil(() => Volatile.Read(ref _questions) == 0);
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
        if (error.Code == ErrorCode.GroupAuthorizationFailed)
            _refusedGroup = $"READ on group {_settings.Group} is refused";
        if (error.Code == ErrorCode.InconsistentGroupProtocol)
        {
            _refusedGroup = $"group {_settings.Group} has members that share partitions in another way than {_settings.Config.Get(ConsumerSettings.AssignmentStrategy) ?? "the brokers'"}: " +
                "set PartitionAssignmentStrategy to one that they have (Range, where they have librdkafka's default of range,roundrobin) until they are gone, or stop them first";
        }

        if (error.Code == ErrorCode.TopicAuthorizationFailed)
            _refusedTopic = $"READ on topic {string.Join(", ", _settings.Topics)} is refused";
    }
}
