using Confluent.Kafka;
using Messaging.Kafka.Wire;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Wire;

public class RecordNumbersTests
{
    [TestCase("1795849033887", 1795849033887)]
    [TestCase("0", 0)]
    [TestCase("1795849033887000", null)]
    [TestCase("9223372036854775807", null)]
    [TestCase("9223372036854775808", null)]
    [TestCase("-1", null)]
    [TestCase("1e3", null)]
    [TestCase("", null)]
    [TestCase(null, null)]
    public void A_headers_time_is_read_or_is_none(string? text, long? milliseconds) => (RecordNumbers.Time(text)?.ToUnixTimeMilliseconds()).ShouldBe(milliseconds);

    [TestCase("0", 0)]
    [TestCase("2147483646", 2147483646)]
    [TestCase("2147483647", null)]
    [TestCase("-5", null)]
    [TestCase("many", null)]
    public void A_count_always_has_room_for_one_more(string text, int? count) => RecordNumbers.Count(text).ShouldBe(count);

    /// <summary>Whatever a record says, a day can be added to its time and taken off it.</summary>
    [FsCheck.NUnit.Property(MaxTest = 1000)]
    public bool Any_timestamp_is_a_time_that_can_be_reckoned_with(long milliseconds)
    {
        foreach (var any in new[] { milliseconds, milliseconds * 1_000_003, long.MinValue, long.MaxValue })
        {
            var timestamp = new Timestamp(any, TimestampType.CreateTime);
            var time = RecordNumbers.Time(timestamp);
            if (time.AddDays(1) < time || time.AddDays(-1) > time || (RecordNumbers.IsTime(timestamp) && time.ToUnixTimeMilliseconds() != any))
                return false;
        }

        return true;
    }
}
