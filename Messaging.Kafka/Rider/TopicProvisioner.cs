using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>A topic that an endpoint or a producer needs.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Options">How it is created where it is missing; null: it is not.</param>
/// <param name="Like">The topic whose number of partitions and replicas it takes over, where that is there already.</param>
internal sealed record RequiredTopic(string Name, KafkaTopicOptions? Options, string? Like = null);

/// <summary>Topics are missing, and the rider may not create them, or could not.</summary>
public sealed class KafkaTopicsMissingException(string message, Exception? innerException = null) : ConfigurationException(message, innerException!);

/// <summary>Sees to it that the topics are there before anything reads or writes them.</summary>
internal sealed class TopicProvisioner(KafkaClientFactory clients, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>For how long topics that are missing, and must not be created, are asked for again before the start fails.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Waits until the cluster answers, and creates what is missing.</summary>
    /// <param name="topics">The topics, those that others are like before them.</param>
    /// <param name="unreachable">Told, each time, that the cluster does not answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="KafkaTopicsMissingException">Topics are missing and were not created; the message has the commands that do.</exception>
    public async Task EnsureAll(IReadOnlyCollection<RequiredTopic> topics, Action<KafkaException> unreachable, CancellationToken cancellationToken)
    {
        using var client = new RenewedClient<IAdminClient>(clients.CreateAdminClient, timeProvider);
        var metadata = await ReadMetadata(client, unreachable, cancellationToken);

        // A broker that has only just come back hears of new topics a moment after the others.
        var asked = timeProvider.GetTimestamp();
        while (topics.Any(topic => topic.Options is null && !Exists(metadata, topic.Name)) && timeProvider.GetElapsedTime(asked) < Timeout)
        {
            await Task.Delay(Retry, timeProvider, cancellationToken);
            metadata = await ReadMetadata(client, unreachable, cancellationToken);
        }

        var missing = new List<TopicSpecification>();
        var refused = new List<TopicSpecification>();
        foreach (var topic in topics.DistinctBy(topic => topic.Name).Where(topic => !Exists(metadata, topic.Name)))
            (topic.Options is null ? refused : missing).Add(Specification(topic, metadata, missing));

        if (refused.Count > 0)
            throw Missing(refused, "they are not to be created here (no CreateIfMissing)", null);
        if (missing.Count == 0)
            return;
        await client.AskAsync(async admin =>
        {
            await Create(admin, missing, topics.Max(topic => topic.Options?.RequestTimeout) ?? MetadataTimeout);
            return true;
        });
    }

    private async Task<Metadata> ReadMetadata(RenewedClient<IAdminClient> client, Action<KafkaException> unreachable, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                // The client blocks; on a thread of the pool that may.
                return await Task.Factory.StartNew(() => client.Ask(admin => ClusterMonitor.AskForBrokers(admin, MetadataTimeout)), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (KafkaException exception)
            {
                unreachable(exception);
            }

            await Task.Delay(Retry, timeProvider, cancellationToken);
        }
    }

    private async Task Create(IAdminClient admin, List<TopicSpecification> missing, TimeSpan timeout)
    {
        try
        {
            await admin.CreateTopicsAsync(missing, new CreateTopicsOptions { RequestTimeout = timeout, OperationTimeout = timeout });
        }
        catch (CreateTopicsException exception)
        {
            // Another instance that starts at the same time may have been faster.
            var failed = exception.Results.Where(result => result.Error.IsError && result.Error.Code != ErrorCode.TopicAlreadyExists).ToList();
            if (failed.Count > 0)
                throw Missing([.. missing.Where(topic => failed.Exists(result => result.Topic == topic.Name))], failed[0].Error.Reason, exception);
        }
        catch (KafkaException exception)
        {
            // A timeout says nothing of the outcome: look again, topic by topic.
            var left = missing.Where(topic => !Exists(admin.GetMetadata(topic.Name, MetadataTimeout), topic.Name)).ToList();
            if (left.Count > 0)
                throw Missing(left, exception.Error.Reason, exception);
        }

        foreach (var topic in missing)
            logger.LogInformation("Created topic {Topic}: {Partitions} partitions, {Configuration}", topic.Name, topic.NumPartitions, topic.Configs);
    }

    private static bool Exists(Metadata metadata, string topic) =>
        metadata.Topics.Exists(found => found.Topic == topic && found.Error.Code == ErrorCode.NoError);

    private static TopicSpecification Specification(RequiredTopic topic, Metadata metadata, List<TopicSpecification> before)
    {
        var options = topic.Options ?? new KafkaTopicOptions();
        var like = metadata.Topics.Find(found => found.Topic == topic.Like && found.Error.Code == ErrorCode.NoError);
        var partitions = like?.Partitions.Count ?? before.Find(created => created.Name == topic.Like)?.NumPartitions ?? options.NumPartitions;
        var replicas = options.ReplicationFactor != -1 ? options.ReplicationFactor : (short)(like?.Partitions[0].Replicas.Length ?? -1);

        var configs = new Dictionary<string, string>
        {
            ["retention.ms"] = options.Retention is { } retention ? ((long)retention.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) : "-1",
            ["max.message.bytes"] = options.MaxMessageBytes.ToString(CultureInfo.InvariantCulture),
        };
        if (replicas >= 3)
            configs["min.insync.replicas"] = "2";
        return new TopicSpecification { Name = topic.Name, NumPartitions = partitions, ReplicationFactor = replicas, Configs = configs };
    }

    private static KafkaTopicsMissingException Missing(List<TopicSpecification> topics, string reason, Exception? cause)
    {
        var commands = topics.Select(topic =>
            $"  kafka-topics.sh --bootstrap-server <server> --create --topic {topic.Name} --partitions {topic.NumPartitions}" +
            (topic.ReplicationFactor > 0 ? $" --replication-factor {topic.ReplicationFactor}" : "") +
            string.Concat(topic.Configs.Select(config => $" --config {config.Key}={config.Value}")));
        return new KafkaTopicsMissingException(
            $"Kafka has no topic {string.Join(", ", topics.Select(topic => topic.Name))}, and none was created: {reason}. " +
            $"Create what is missing:{Environment.NewLine}{string.Join(Environment.NewLine, commands)}", cause);
    }
}
