using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// The records that were read and are not with the workers yet, all of one partition: they go there together, because each time costs
/// locks and may wake threads. The poll thread's own.
/// </summary>
internal sealed class ConsumeBatch(
    ConsumerSettings settings, IRecordHandler handler, AssignedPartitions assignments, ReadAhead readAhead, RecordDispatcher dispatcher, DeletedRecords deleted,
    TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
{
    private const int Largest = 100;

    private readonly List<Delivery> _deliveries = new(Largest);
    private PartitionAssignment? _assignment;
    private long _bytes;

    /// <summary>Reads what is there already, up to a batch, and gives it to the workers; waits for the first record only.</summary>
    public void Read(ConsumerClient client, TimeSpan wait)
    {
        var result = client.Consume(wait);
        while (result is not null && Add(client, result))
            result = client.Consume(TimeSpan.Zero);

        if (_assignment is not { } last)
            return;
        Flush();
        if (readAhead.IsFull(last) && !last.Draining.IsCancellationRequested)
            readAhead.Note(last);
    }

    /// <summary>Gives the workers what is in the batch.</summary>
    public void Flush()
    {
        if (_assignment is not { } assignment)
            return;
        assignment.Admit(_deliveries);
        dispatcher.Enqueue(_deliveries);
        _deliveries.Clear();
        (_assignment, _bytes) = (null, 0);
    }

    /// <summary>Adds a record.</summary>
    /// <returns>Whether the batch may grow.</returns>
    private bool Add(ConsumerClient client, ConsumeResult<byte[]?, byte[]?> result)
    {
        if (AssignmentOf(result) is not { } assignment)
            return true;
        if (result.IsPartitionEOF)
        {
            // Behind what was read before it.
            Flush();
            if (result.Offset > assignment.Newest + 1)
                deleted.Passed(assignment, result.Offset);
            assignment.GoesOnAt(result.Offset);
            assignment.ReachedEnd(result.Offset.Value);
            return true;
        }

        if (!ReferenceEquals(_assignment, assignment))
            Flush();
        if (result.Offset > assignment.Newest + 1)
            deleted.Passed(assignment, result.Offset);
        if (!assignment.Follows(result.Offset))
            assignment = BeginAgain(assignment, result.Offset);

        metrics.Consumed(result.Topic, settings.Group);
        var delivery = new Delivery(assignment, result);
        _assignment = assignment;
        _deliveries.Add(delivery);
        _bytes += delivery.Bytes;
        if (NotBefore(delivery) is { } notBefore && notBefore > timeProvider.GetUtcNow())
        {
            assignment.PausedUntil = notBefore;
            client.Kafka.Pause([assignment.Partition]);
            return false;
        }

        return _deliveries.Count < Largest && !readAhead.IsFull(assignment, _deliveries.Count, _bytes);
    }

    /// <summary>What a handler throws here fails its record, which it meets again when it runs, and never the thread that polls for all.</summary>
    private DateTimeOffset? NotBefore(Delivery delivery)
    {
        try
        {
            return handler.NotBefore(delivery);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "It cannot be told when the record {TopicPartitionOffset} is due; it is handled now", delivery.Result.TopicPartitionOffset);
            return null;
        }
    }

    /// <summary>Mostly that of the record before: a fetch brings many of one partition.</summary>
    private PartitionAssignment? AssignmentOf(ConsumeResult<byte[]?, byte[]?> result) =>
        _assignment is { } assignment && assignment.Partition.Partition == result.Partition && assignment.Partition.Topic == result.Topic
            ? assignment
            : assignments.Find(result.TopicPartition);

    /// <summary>
    /// The partition's offsets went back: the topic was created again, or lost its end with its leader. What was read before belongs to
    /// the old records, and its progress must not be committed for the new ones.
    /// </summary>
    private PartitionAssignment BeginAgain(PartitionAssignment before, Offset offset)
    {
        logger.LogWarning("{Partition} goes on at offset {Offset} after {Newest}: was the topic created again?", before.Partition, offset.Value, before.Newest);
        Flush();
        var assignment = assignments.Begin(before.Partition);
        assignment.Follows(offset);
        return assignment;
    }
}
