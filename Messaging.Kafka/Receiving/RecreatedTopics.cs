using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Notices that a topic was deleted and created again. Its partitions are then read from their beginning: the offsets that were read
/// before are those of other records, and where the new topic is as long as the old one, nothing else would tell. The poll thread's own.
/// </summary>
internal sealed class RecreatedTopics(ConsumerSettings settings, AssignedPartitions assignments, ConsumeBatch batch, ReadAhead readAhead, TopicWatch topics, ILogger logger)
{
    private readonly Dictionary<string, string> _ids = [];
    private readonly HashSet<TopicPartition> _toSeek = [];

    /// <summary>Looks whether the topics are still those that were read.</summary>
    public void Look(ConsumerClient client)
    {
        foreach (var topic in settings.Topics)
        {
            if (topics.IdOf(topic) is not { } id)
                continue;
            if (_ids.TryGetValue(topic, out var before) && before == id)
                continue;
            if (before is not null)
                BeginAgain(client, topic);
            _ids[topic] = id;
        }

        if (_toSeek.Count == 0)
            return;
        foreach (var partition in _toSeek.ToList())
        {
            if (assignments.Find(partition) is null || TrySeek(client, partition))
                _toSeek.Remove(partition);
        }
    }

    private void BeginAgain(ConsumerClient client, string topic)
    {
        batch.Flush();
        List<TopicPartition> partitions = [.. assignments.All.Select(assignment => assignment.Partition).Where(partition => partition.Topic == topic)];
        logger.LogWarning("Topic {Topic} was deleted and created again: {Name} reads {Partitions} from the beginning", topic, settings.Name, partitions);
        readAhead.Forget();
        foreach (var partition in partitions)
        {
            if (assignments.Find(partition) is { } before && (before.PausedForSpace || before.PausedUntil is not null))
                client.Kafka.Resume([partition]);
            // Handlers of the old topic's records may complete: there is nowhere else to read them. What is committed is the new one's.
            assignments.Begin(partition).BeginsAtStart();
            _toSeek.Add(partition);
        }
    }

    /// <summary>A partition that the client does not fetch yet cannot be sought: it is tried again.</summary>
    private bool TrySeek(ConsumerClient client, TopicPartition partition)
    {
        try
        {
            client.Kafka.Seek(new TopicPartitionOffset(partition, Offset.Beginning));
            return true;
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("{Partition} cannot be read from its beginning yet: {Reason}", partition, exception.Error.Reason);
            return false;
        }
    }
}
