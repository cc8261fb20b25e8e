using Confluent.Kafka;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Inspection;
using Messaging.Kafka.Receiving;

namespace MassTransit;

/// <summary>How a topic is read.</summary>
/// <remarks>
/// Each setting is implemented where it is declared: the two kinds of endpoints share no base class, since one has to be MassTransit's.
/// </remarks>
public interface IKafkaConsumerConfigurator
{
    /// <summary>Where the settings go.</summary>
    internal ConsumerSettings Consumer { get; }

    /// <summary>Where a group without a committed offset begins. Default: earliest, so that nothing written before the first start is passed over.</summary>
    AutoOffsetReset? AutoOffsetReset { set => Consumer.Config.AutoOffsetReset = value; }

    /// <summary>Makes the instance a static member of its group, which may restart within the session timeout without a rebalance. Default: none.</summary>
    string? GroupInstanceId { set => Consumer.Config.GroupInstanceId = value; }

    /// <summary>
    /// How many records are handled at once, over all partitions; one at a time per key. One whose redelivery or dead letter only waits
    /// for its acknowledgement does not count, unless the limit is 1. Default: 1.
    /// </summary>
    int? ConcurrentMessageLimit { set => Consumer.Concurrency = value ?? 1; }

    /// <summary>How many records are held in memory, over all partitions; a partition that has its share and does not move on soon is paused. Default: ten for each that is handled at once, 20,000 at least, and never more than 64 MiB of them.</summary>
    int PrefetchCount { set => Consumer.PrefetchCount = value; }

    /// <summary>How many records of one partition may lie at or above its watermark, completed or not: what a crash delivers again at the most. Default: 10,000.</summary>
    ushort MessageLimit { set => Consumer.MessageLimit = value; }

    /// <summary>How long the offset of a completed record may wait for its commit. Default: 1 s.</summary>
    TimeSpan CheckpointInterval { set => Consumer.CheckpointInterval = value; }

    /// <summary>After how many completed records offsets are committed before that. Default: 5,000.</summary>
    ushort CheckpointMessageCount { set => Consumer.CheckpointMessageCount = value; }

    /// <summary>How partitions are shared among a group's members. Default: cooperative-sticky, which moves only those that must.</summary>
    PartitionAssignmentStrategy? PartitionAssignmentStrategy { set => Consumer.Config.PartitionAssignmentStrategy = value; }

    /// <summary>How long the group waits for an instance that has died. Default: 10 s.</summary>
    TimeSpan? SessionTimeout { set => Consumer.Config.SessionTimeoutMs = value.ToMilliseconds(); }

    /// <summary>How often an instance tells the group that it lives. Default: 3 s.</summary>
    TimeSpan? HeartbeatInterval { set => Consumer.Config.HeartbeatIntervalMs = value.ToMilliseconds(); }

    /// <summary>How long the poll thread may be away; handlers do not count, as they run elsewhere. Default: 5 min.</summary>
    TimeSpan? MaxPollInterval { set => Consumer.Config.MaxPollIntervalMs = value.ToMilliseconds(); }

    /// <summary>How many records librdkafka tries to have fetched ahead of the rider, per partition. Default: 100,000.</summary>
    int? QueuedMinMessages { set => Consumer.Config.QueuedMinMessages = value; }

    /// <summary>How many kilobytes it fetches ahead, for all partitions together. Default: 16,384; librdkafka's own would be 65,536.</summary>
    int? QueuedMaxMessagesKbytes { set => Consumer.Config.QueuedMaxMessagesKbytes = value; }

    /// <summary>Whether the checksum of each batch is verified. Default: no, as TCP and the brokers do.</summary>
    bool? CheckCrcs { set => Consumer.Config.CheckCrcs = value; }

    /// <summary>How often the group's coordinator is asked for. Default: 10 min.</summary>
    TimeSpan? CoordinatorQueryInterval { set => Consumer.Config.CoordinatorQueryIntervalMs = value.ToMilliseconds(); }

    /// <summary>How long running handlers may take to complete when their partition is revoked, before they are canceled. Default: 10 s.</summary>
    TimeSpan DrainTimeout { set => Consumer.DrainTimeout = value; }

    /// <summary>How long a stop waits for running handlers before they are canceled. Default: 30 s.</summary>
    TimeSpan StopTimeout { set => Consumer.StopTimeout = value; }

    /// <summary>How long a partition with records in progress may stand still before health says so. Default: 5 min.</summary>
    TimeSpan StallTimeout { set => Consumer.StallTimeout = value; }

    /// <summary>
    /// Whose a record is, by its value: as far as records are read ahead, those that wait are taken in turn over whose they are, with the
    /// order within each key unchanged. Asked on the thread that reads, so it must be quick; null, and what it throws, count as one party.
    /// Default: none; they are taken as they come.
    /// </summary>
    void FairBy(Func<byte[]?, string?> party) => Consumer.PartyOf = party;

    /// <summary>
    /// Which lane a record takes, by its value, such as the dependency that it needs: each has <see cref="ConcurrentMessageLimit"/> places of
    /// its own, and may be stopped alone (<see cref="IPauseConfigurator.Lane"/>), so that the records of one do not wait for those of another
    /// as far as records are read ahead. The order within each key holds over all lanes. Asked on the thread that reads, so it must be quick;
    /// null, and what it throws, are a lane of their own. Default: none; all take the same places.
    /// </summary>
    void LaneBy(Func<byte[]?, string?> lane) => Consumer.LaneOf = lane;

    /// <summary>
    /// How long the topic and its dead-letter topic must retain records: with less, health is degraded. Default: as long as
    /// <see cref="CreateIfMissing"/> says, else for ever, as what waits longer is deleted unread.
    /// </summary>
    TimeSpan? RequiredRetention { set => Consumer.RequiredRetention = value; }

    /// <summary>
    /// Told of offsets whose records were deleted, by retention or an administrator, before they were read. What it throws is logged, and
    /// it is called again. Default: none; they are logged and counted in any case.
    /// </summary>
    void OnRecordsDeleted(Func<PartitionStretch, CancellationToken, Task> handler) => Consumer.RecordsDeleted = handler;

    /// <summary>Which records of Kafka transactions are read. Default: committed ones.</summary>
    void UseIsolationLevel(IsolationLevel isolationLevel) => Consumer.Config.IsolationLevel = isolationLevel;

    /// <summary>How records are fetched from the brokers.</summary>
    void ConfigureFetch(Action<IKafkaFetchConfigurator> configure) => configure(new FetchConfigurator(Consumer.Config));

    /// <summary>Pauses the endpoint while a dependency is unavailable; see <see cref="IPauseConfigurator"/>.</summary>
    void PauseOn(Action<IPauseConfigurator> configure) => configure(Consumer.Pause = new PauseSettings());

    /// <summary>
    /// Creates the topic at start where it is missing, and with it the endpoint's delay and dead-letter topics, with as many
    /// partitions and replicas. Says so in the log; fails the start where it has no right to.
    /// </summary>
    void CreateIfMissing(Action<KafkaTopicOptions>? configure = null) => Consumer.NewTopic = KafkaTopicOptions.Configured(configure);
}
