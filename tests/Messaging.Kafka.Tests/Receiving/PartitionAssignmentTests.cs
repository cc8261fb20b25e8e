using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class PartitionAssignmentTests
{
    private readonly PartitionAssignment _assignment = new(new TopicPartition("email.send", 0), NullLogger.Instance);

    [Test]
    public void What_was_completed_before_a_loss_is_not_committed_after_it()
    {
        _assignment.Complete(_assignment.Read(41));
        _assignment.ToCommit()!.Offset.Value.ShouldBe(42);
        _assignment.Fence();
        _assignment.IsFenced.ShouldBeTrue();
        _assignment.ToCommit().ShouldBeNull("its next owner may have committed more");
    }

    [Test]
    public void Lag_is_known_from_what_was_committed_before_the_first_record_is_read()
    {
        _assignment.LagTo(100, committed: null).ShouldBe(0, "nothing is known yet");
        _assignment.LagTo(100, committed: 40).ShouldBe(60);
        _assignment.Complete(_assignment.Read(49));
        _assignment.LagTo(100, committed: 40).ShouldBe(50, "what was read since counts");
    }
}
