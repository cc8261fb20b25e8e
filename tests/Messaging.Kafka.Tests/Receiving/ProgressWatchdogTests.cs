using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ProgressWatchdogTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _time = new();
    private readonly PartitionAssignment _assignment = new(new TopicPartition("email.send", 3), NullLogger.Instance);
    private readonly ProgressWatchdog _watchdog;

    public ProgressWatchdogTests() => _watchdog = new ProgressWatchdog(Timeout, _time);

    [Test]
    public void A_partition_that_is_not_read_while_its_lag_grows_is_told()
    {
        After(TimeSpan.FromSeconds(2), lag: 1).ShouldBeNull();
        After(Timeout, lag: 20).ShouldBeNull("not yet longer than the timeout");
        After(TimeSpan.FromSeconds(1), lag: 21).ShouldBe("email.send [[3]] has not been read for 301 s, and its lag has grown to 21");
    }

    [Test]
    public void A_lag_that_does_not_grow_is_no_stall()
    {
        After(TimeSpan.FromSeconds(2), lag: 7).ShouldBeNull();
        After(Timeout * 3, lag: 7).ShouldBeNull("as behind a transaction's marker, or of records that are not committed yet");
    }

    [Test]
    public void A_partition_that_was_read_to_its_end_begins_anew()
    {
        After(TimeSpan.FromSeconds(2), lag: 1).ShouldBeNull();
        After(Timeout, lag: 0).ShouldBeNull();
        After(TimeSpan.FromSeconds(2), lag: 5).ShouldBeNull();
        After(Timeout, lag: 9).ShouldBeNull();
        After(TimeSpan.FromSeconds(1), lag: 9).ShouldNotBeNull();
    }

    [Test]
    public void A_record_under_way_for_too_long_is_told_whatever_the_lag()
    {
        _assignment.Read(42);
        After(TimeSpan.FromSeconds(2), lag: 0).ShouldBeNull();
        After(Timeout + TimeSpan.FromSeconds(1), lag: 0)!.ShouldContain("stands at offset 42");
    }

    private string? After(TimeSpan time, long lag)
    {
        _time.Advance(time);
        _assignment.Lag = lag;
        return _watchdog.Look([_assignment]);
    }
}
