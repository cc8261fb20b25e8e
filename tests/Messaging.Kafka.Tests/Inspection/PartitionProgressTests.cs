using Messaging.Kafka.Inspection;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Inspection;

public class PartitionProgressTests
{
    [TestCase(0, 10, 4, 6, TestName = "What_lies_between_the_commit_and_the_end_is_the_lag")]
    [TestCase(3, 10, null, 7, TestName = "Without_a_commit_all_that_is_left_is_the_lag")]
    [TestCase(5, 10, 2, 5, TestName = "What_retention_has_deleted_is_no_lag")]
    [TestCase(0, 4, 100, 4, TestName = "A_commit_past_the_end_is_of_an_older_topic_all_of_this_one_is_the_lag")]
    [TestCase(0, 10, 10, 0, TestName = "At_the_end_there_is_no_lag")]
    public void Lag_is_what_the_group_has_before_it(long beginning, long end, long? committed, long lag) =>
        new PartitionProgress("topic", 0, beginning, end, committed).Lag.ShouldBe(lag);
}
