using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Inspection;

/// <summary>Looks at topics and groups from outside: joins no group and commits nothing. Its client connects with the first question.</summary>
public sealed class KafkaInspector(ClientConfig config, TimeProvider timeProvider, ILogger<KafkaInspector> logger) : IDisposable
{
    /// <summary>How long a group's offsets take at most where nothing is wrong.</summary>
    private static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, RenewedClient<IConsumer<byte[]?, byte[]?>>> _members = [];
    private readonly RenewedClient<IAdminClient> _admin = new(() => new KafkaClientFactory(config, null, logger).CreateAdminClient(), timeProvider);

    // A client that is disposed of under a call that still waits crashes the process: what a caller gave up on is waited for.
    private readonly CountdownEvent _calls = new(1);

    /// <summary>The topics whose names a predicate takes, with their partitions.</summary>
    /// <param name="wanted">Takes a topic's name.</param>
    /// <param name="timeout">How long Kafka may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KafkaException">Kafka does not answer in time.</exception>
    public async Task<IReadOnlyList<TopicPartition>> ListAsync(Func<string, bool> wanted, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        // All topics are asked for, since to ask for one by name may create it.
        var metadata = await AskAsync(_admin, admin => Blocking(() => admin.GetMetadata(timeout)), timeout, cancellationToken);
        return
        [
            .. metadata.Topics.Where(topic => topic.Error.Code == ErrorCode.NoError && wanted(topic.Topic))
                .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId)))
                .OrderBy(partition => partition.Topic, StringComparer.Ordinal).ThenBy(partition => partition.Partition.Value),
        ];
    }

    /// <summary>
    /// Of topics that <see cref="ListAsync"/> does not name, those that the brokers do not let this user see; the others are not there.
    /// To ask creates none. librdkafka's mock cluster refuses nothing.
    /// </summary>
    /// <param name="topics">Their names.</param>
    /// <param name="timeout">How long Kafka may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KafkaException">Kafka does not answer in time.</exception>
    public async Task<IReadOnlyList<string>> RefusedAsync(IReadOnlyCollection<string> topics, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (topics.Count == 0)
            return [];
        try
        {
            await AskAsync(
                _admin,
                admin => admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = timeout }), timeout, cancellationToken);
            return [];
        }
        catch (DescribeTopicsException exception)
        {
            return [.. exception.Results.TopicDescriptions.Where(topic => topic.Error.Code == ErrorCode.TopicAuthorizationFailed).Select(topic => topic.Name)];
        }
        catch (KafkaException exception) when (exception.Error.Code == ErrorCode.Local_UnsupportedFeature)
        {
            return [];
        }
    }

    /// <summary>The cluster's id; null where it has none that outlives it, as librdkafka's in-memory cluster, whose id is an address.</summary>
    /// <param name="timeout">How long Kafka may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KafkaException">Kafka does not answer in time.</exception>
    public async Task<string?> ClusterIdAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        // The in-memory cluster does not answer DescribeCluster: it is asked first what it refuses at once.
        var broker = (await AskAsync(_admin, admin => Blocking(() => ClusterMonitor.AskForBrokers(admin, timeout)), timeout, cancellationToken)).Brokers[0].BrokerId;
        if (!await AskAsync(_admin, admin => ResourceSettings.AreThereAsync(admin, broker, timeout), timeout, cancellationToken))
            return null;
        var cluster = await AskAsync(
            _admin, admin => admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = timeout }), timeout, cancellationToken);
        return string.IsNullOrEmpty(cluster.ClusterId) ? null : cluster.ClusterId;
    }

    /// <summary>
    /// How far a group is. What it has committed is read before the ends: a record that it had before it then is in the lag, and a busy
    /// group never seems ahead of its topic.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="partitions">Its topics' partitions.</param>
    /// <param name="timeout">How long Kafka may take for all of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KafkaException">Kafka does not answer in time, or refuses.</exception>
    public async Task<IReadOnlyList<PartitionProgress>> ProgressAsync(
        string group, IReadOnlyList<TopicPartition> partitions, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var start = timeProvider.GetTimestamp();
        var committed = await CommittedAsync(group, partitions, timeout, cancellationToken);
        var ranges = await RangesAsync(partitions, Left(), cancellationToken);
        return
        [
            .. ranges.Select(range => new PartitionProgress(
                range.Partition.Topic, range.Partition.Partition.Value, range.Beginning, range.End,
                committed.TryGetValue(range.Partition, out var offset) ? offset : null)),
        ];

        TimeSpan Left() => timeout - timeProvider.GetElapsedTime(start) is var left && left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1);
    }

    /// <summary>What a group has committed; a partition without a commit is not in it.</summary>
    /// <inheritdoc cref="ProgressAsync"/>
    public async Task<IReadOnlyDictionary<TopicPartition, long>> CommittedAsync(
        string group, IReadOnlyList<TopicPartition> partitions, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (partitions.Count == 0)
            return new Dictionary<TopicPartition, long>();
        var asked = AskAsync(Member(group), member => Blocking(() => member.Committed(partitions, timeout)), timeout, cancellationToken);
        await ThrowIfRefusedAsync(group, asked, timeout, cancellationToken);
        try
        {
            return Known(await asked);
        }
        catch (KafkaException exception) when (IsRefused(exception))
        {
            throw new KafkaException(new Error(ErrorCode.GroupAuthorizationFailed, $"the brokers deny DESCRIBE on group {group}"), exception);
        }

        static IReadOnlyDictionary<TopicPartition, long> Known(IEnumerable<TopicPartitionOffset> offsets) => offsets.Where(partition => partition.Offset != Offset.Unset)
            .ToDictionary(partition => partition.TopicPartition, partition => partition.Offset.Value);
    }

    /// <summary>
    /// A group that may not be looked at is one that librdkafka looks for until the time is up. The brokers do not list it either: that is
    /// asked where no answer came.
    /// </summary>
    private async Task ThrowIfRefusedAsync(string group, Task committed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var answered = new CancellationTokenSource();
        var slow = Task.Delay(SlowAfter, timeProvider, answered.Token);
        var first = await Task.WhenAny(committed, slow);
        await answered.CancelAsync();
        if (first == committed)
            return;
        try
        {
            var found = AskAsync(_admin, admin => Blocking(() => GroupLookup.Find(admin, group, timeout)), timeout, cancellationToken);
            if (await Task.WhenAny(committed, found) == found && await found is null)
                throw new KafkaException(new Error(ErrorCode.GroupAuthorizationFailed, $"the brokers deny DESCRIBE on group {group}, or its coordinator is away"));
        }
        catch (KafkaException exception) when (!IsRefused(exception))
        {
            // Whatever else it is, the first question's own answer says it better.
        }
    }

    private static bool IsRefused(KafkaException exception) =>
        exception.Error.Code == ErrorCode.GroupAuthorizationFailed
        || (exception is TopicPartitionOffsetException { Results: var offsets } && offsets.Exists(found => found.Error.Code == ErrorCode.GroupAuthorizationFailed));

    /// <summary>
    /// A client with the group's name, which never subscribes and so never joins. The administrator's call for the same,
    /// ListConsumerGroupOffsets, crashes the process where the coordinator answers with an error: librdkafka 2.16.0 then looks for the
    /// group of a client that has none.
    /// </summary>
    private RenewedClient<IConsumer<byte[]?, byte[]?>> Member(string group) => _members.GetOrAdd(group, name => new RenewedClient<IConsumer<byte[]?, byte[]?>>(
        () => Clients().CreateConsumerBuilder(new ConsumerConfig { GroupId = name, EnableAutoCommit = false }).Build(), timeProvider));

    /// <summary>The beginning and the end of partitions, the beginnings read first.</summary>
    /// <inheritdoc cref="ProgressAsync"/>
    public async Task<IReadOnlyList<(TopicPartition Partition, long Beginning, long End)>> RangesAsync(
        IReadOnlyList<TopicPartition> partitions, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (partitions.Count == 0)
            return [];
        var beginnings = await OffsetsAsync(partitions, OffsetSpec.Earliest(), timeout, cancellationToken);
        var ends = await OffsetsAsync(partitions, OffsetSpec.Latest(), timeout, cancellationToken);
        return [.. partitions.Select(partition => (partition, beginnings[partition], ends[partition]))];
    }

    /// <summary>Waits for questions that are still open, each as long as its timeout, and closes the client.</summary>
    public void Dispose()
    {
        _calls.Signal();
        _calls.Wait();
        _calls.Dispose();
        foreach (var member in _members.Values)
            member.Dispose();
        _admin.Dispose();
    }

    private KafkaClientFactory Clients() => new(config, null, logger);

    /// <summary>The client blocks; on a thread of its own that may.</summary>
    private static Task<T> Blocking<T>(Func<T> ask) =>
        Task.Factory.StartNew(ask, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Task<T> AskAsync<TClient, T>(RenewedClient<TClient> client, Func<TClient, Task<T>> ask, TimeSpan timeout, CancellationToken cancellationToken)
        where TClient : class, IClient
    {
        ObjectDisposedException.ThrowIf(!_calls.TryAddCount(), this);
        return FinishAsync().WaitAsync(cancellationToken);

        async Task<T> FinishAsync()
        {
            try
            {
                return await client.AskAsync(ask, timeout);
            }
            finally
            {
                _calls.Signal();
            }
        }
    }

    private async Task<Dictionary<TopicPartition, long>> OffsetsAsync(
        IReadOnlyList<TopicPartition> partitions, OffsetSpec which, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(
            _admin,
            admin => admin.ListOffsetsAsync(
                partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = which }),
                new ListOffsetsOptions { RequestTimeout = timeout, IsolationLevel = IsolationLevel.ReadUncommitted }),
            timeout,
            cancellationToken);
        return answer.ResultInfos.ToDictionary(
            info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
    }
}
