using System.Buffers.Binary;
using System.Text;
using Confluent.Kafka;

namespace Messaging.Kafka;

/// <summary>
/// Asks the brokers for a consumer group. Not by the administrator's DescribeConsumerGroups: that ends the process where the connection to
/// the coordinator breaks under it (https://github.com/confluentinc/librdkafka/pull/5397, open in 2.16.0).
/// </summary>
internal static class GroupLookup
{
    /// <summary>The state of a group whose members all know their partitions.</summary>
    public const string Stable = "Stable";

    /// <summary>The group; null where no broker tells of it: it is not there, may not be described, or its coordinator is away. Blocks.</summary>
    /// <exception cref="KafkaException">The brokers do not answer in time.</exception>
    public static GroupInfo? Find(IAdminClient admin, string group, TimeSpan timeout) => admin.ListGroup(group, timeout);

    /// <summary>The partitions of a member, as <c>ConsumerProtocolAssignment</c> has them; none where it is of another form.</summary>
    public static List<TopicPartition> Partitions(GroupMemberInfo member)
    {
        var partitions = new List<TopicPartition>();
        ReadOnlySpan<byte> rest = member.MemberAssignment;
        if (rest.Length < sizeof(short) + sizeof(int))
            return partitions;
        rest = rest[sizeof(short)..];
        for (var topics = Int32(ref rest); topics > 0; topics--)
        {
            if (rest.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(rest) is var length && (length < 0 || rest.Length < sizeof(short) + length + sizeof(int)))
                return [];
            var topic = Encoding.UTF8.GetString(rest.Slice(sizeof(short), length));
            rest = rest[(sizeof(short) + length)..];
            for (var count = Int32(ref rest); count > 0; count--)
            {
                if (rest.Length < sizeof(int))
                    return [];
                partitions.Add(new TopicPartition(topic, Int32(ref rest)));
            }
        }

        return partitions;
    }

    private static int Int32(ref ReadOnlySpan<byte> rest)
    {
        var number = BinaryPrimitives.ReadInt32BigEndian(rest);
        rest = rest[sizeof(int)..];
        return number;
    }
}
