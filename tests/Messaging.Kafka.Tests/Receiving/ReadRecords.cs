using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

/// <summary>Records as the poll thread reads them, and handlers complete them, without either.</summary>
internal static class ReadRecords
{
    /// <summary>Takes in a record of nothing.</summary>
    public static Delivery Read(this PartitionAssignment assignment, long offset)
    {
        var delivery = new Delivery(assignment, new ConsumeResult<byte[]?, byte[]?> { TopicPartitionOffset = new(assignment.Partition, offset), Message = new Message<byte[]?, byte[]?>() });
        assignment.Admit([delivery]);
        return delivery;
    }

    /// <summary>Begins and completes a record.</summary>
    public static void Complete(this PartitionAssignment assignment, Delivery delivery)
    {
        assignment.TryBegin(delivery).ShouldBeTrue();
        assignment.Finish(delivery, completed: true);
    }
}
