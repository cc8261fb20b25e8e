using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Topics are missing, and the rider may not create them, or could not.</summary>
public sealed class KafkaTopicsMissingException(string message, Exception? innerException = null) : ConfigurationException(message, innerException!);

/// <summary>Sees to it that the topics are there before anything reads or writes them. What it is refused it waits for: it may be granted.</summary>
internal sealed class TopicProvisioner(TopicDescriber describer, ClusterMonitor cluster, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>For how long topics that are missing, and must not be created, are asked for again before the start fails.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>What the start waits for that somebody must grant or create, or null.</summary>
    public string? Waiting { get; private set; }

    /// <summary>Waits until the cluster answers, and creates what is missing.</summary>
    /// <param name="topics">The topics, those that others are like before them.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The topics that were created.</returns>
    /// <exception cref="KafkaTopicsMissingException">Topics are missing and were not created; the message has the commands that do.</exception>
    public async Task<IReadOnlyCollection<string>> EnsureAll(IReadOnlyCollection<RequiredTopic> topics, CancellationToken cancellationToken)
    {
        var created = new HashSet<string>();
        var begun = timeProvider.GetTimestamp();
        for (; ; await Task.Delay(Retry, timeProvider, cancellationToken))
        {
            var metadata = await ReadMetadata(cancellationToken);
            var missing = topics.Where(topic => !Exists(metadata, topic.Name)).ToList();
            if (missing.Count == 0)
            {
                Waiting = null;
                return created;
            }

            var canDescribe = await CanDescribe(metadata);
            // A broker does not name a topic that may not be described: it may be there all the same.
            if (canDescribe && await Refused(missing) is { Count: > 0 } hidden)
            {
                WaitFor($"{string.Join("; ", hidden.Select(topic => $"DESCRIBE on topic {topic} is refused"))}. The start waits until it is granted");
                continue;
            }

            var specifications = await Specifications(missing, metadata);
            if (missing.Where(topic => topic.Options is null).Select(topic => topic.Name).ToList() is { Count: > 0 } foreign)
            {
                // A broker that has only just come back hears of new topics a moment after the others.
                if (timeProvider.GetElapsedTime(begun) < Timeout)
                    continue;
                throw Missing([.. specifications.Where(topic => foreign.Contains(topic.Name))], "they are not to be created here (no CreateIfMissing)", null);
            }

            if (await Create(specifications, canDescribe, topics.Max(topic => topic.Options?.RequestTimeout) ?? Timeout))
                created.UnionWith(specifications.Select(topic => topic.Name));
        }
    }

    private async Task<Metadata> ReadMetadata(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await describer.ReadMetadata().WaitAsync(cancellationToken);
            }
            catch (KafkaException exception)
            {
                cluster.Report(exception);
            }

            await Task.Delay(Retry, timeProvider, cancellationToken);
        }
    }

    /// <summary>Whether the cluster can describe and create topics, as all but librdkafka's mock cluster can.</summary>
    private async Task<bool> CanDescribe(Metadata metadata)
    {
        try
        {
            return await describer.CanDescribe(metadata);
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("Whether the cluster can describe topics is not known: {Reason}", exception.Error.Reason);
            return true;
        }
    }

    private async Task<List<string>> Refused(List<RequiredTopic> missing)
    {
        try
        {
            var found = await describer.Describe(missing.Select(topic => topic.Name));
            return [.. found.Where(topic => topic.Error.Code == ErrorCode.TopicAuthorizationFailed).Select(topic => topic.Name)];
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("Missing topics could not be described: {Reason}", exception.Error.Reason);
            return [];
        }
    }

    /// <returns>Whether they were created; false where somebody must grant it first, or the outcome is not known and is looked at again.</returns>
    private async Task<bool> Create(List<TopicSpecification> missing, bool canCreate, TimeSpan timeout)
    {
        try
        {
            if (canCreate)
            {
                await cluster.AskAsync(
                    async admin =>
                    {
                        await admin.CreateTopicsAsync(missing, new CreateTopicsOptions { RequestTimeout = timeout, OperationTimeout = timeout });
                        return true;
                    },
                    timeout + timeout);
            }
            else
            {
                await Task.Run(() => cluster.CreateByAsking(missing.Select(topic => topic.Name)));
            }
        }
        catch (CreateTopicsException exception)
        {
            // Another instance that starts at the same time may have been faster.
            var failed = exception.Results.Where(result => result.Error.IsError && result.Error.Code != ErrorCode.TopicAlreadyExists).ToList();
            if (failed.Exists(result => result.Error.Code is ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed))
            {
                var refused = missing.Where(topic => failed.Exists(result => result.Topic == topic.Name)).ToList();
                WaitFor($"CREATE on the cluster, or on topic {string.Join(", ", refused.Select(topic => topic.Name))}, is refused. " +
                    $"The start waits until it is granted, or until somebody has created what is missing:{Commands(refused)}");
                return false;
            }

            if (failed.Count > 0)
                throw Missing([.. missing.Where(topic => failed.Exists(result => result.Topic == topic.Name))], failed[0].Error.Reason, exception);
        }
        catch (KafkaException exception)
        {
            // A timeout says nothing of the outcome: it is looked at again.
            WaitFor($"Topic {string.Join(", ", missing.Select(topic => topic.Name))} could not be created, and is tried again: {exception.Error.Reason}");
            return false;
        }

        foreach (var topic in missing)
            logger.LogInformation("Created topic {Topic}: {Partitions} partitions, {Configuration}", topic.Name, topic.NumPartitions, topic.Configs);
        return true;
    }

    private void WaitFor(string what)
    {
        if (what != Waiting)
            logger.LogError("The Kafka rider cannot start yet: {Reason}", what);
        Waiting = what;
    }

    private static bool Exists(Metadata metadata, string topic) =>
        metadata.Topics.Exists(found => found.Topic == topic && found.Error.Code == ErrorCode.NoError);

    private async Task<List<TopicSpecification>> Specifications(List<RequiredTopic> topics, Metadata metadata)
    {
        var brokersDefault = await DefaultReplicas(metadata);
        var specifications = new List<TopicSpecification>();
        foreach (var topic in topics)
        {
            var options = topic.Options ?? new KafkaTopicOptions();
            var like = metadata.Topics.Find(found => found.Topic == topic.Like && found.Error.Code == ErrorCode.NoError);
            var replicas = options.ReplicationFactor != -1 ? options.ReplicationFactor : (short)(like?.Partitions[0].Replicas.Length ?? -1);
            specifications.Add(new TopicSpecification
            {
                Name = topic.Name,
                NumPartitions = like?.Partitions.Count ?? specifications.Find(created => created.Name == topic.Like)?.NumPartitions ?? options.NumPartitions,
                ReplicationFactor = replicas,
                Configs = TopicRules.ForNew(topic, replicas > 0 ? replicas : brokersDefault),
            });
        }

        return specifications;
    }

    private async Task<short?> DefaultReplicas(Metadata metadata)
    {
        try
        {
            return await describer.DefaultReplicas(metadata);
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("The brokers' default.replication.factor is not known: {Reason}", exception.Error.Reason);
            return null;
        }
    }

    private static KafkaTopicsMissingException Missing(List<TopicSpecification> topics, string reason, Exception? cause) => new(
        $"Kafka has no topic {string.Join(", ", topics.Select(topic => topic.Name))}, and none was created: {reason}. Create what is missing:{Commands(topics)}", cause);

    private static string Commands(List<TopicSpecification> topics) => string.Concat(topics.Select(topic =>
        $"{Environment.NewLine}  kafka-topics.sh --bootstrap-server <server> --create --topic {topic.Name} --partitions {topic.NumPartitions}" +
        (topic.ReplicationFactor > 0 ? $" --replication-factor {topic.ReplicationFactor}" : "") +
        string.Concat(topic.Configs.Select(config => $" --config {config.Key}={config.Value}"))));
}
