using Confluent.Kafka;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>What the log and health make of what clients say.</summary>
public class ClientSignsTests
{
    private static readonly TopicPartition Zero = new("orders", 0);
    private static readonly TopicPartition Three = new("orders", 3);
    private static readonly Error TimedOut = new(ErrorCode.Local_MsgTimedOut, "timed out");

    private readonly FakeTimeProvider _timeProvider = new();

    [Test]
    public void A_line_that_comes_again_and_again_is_let_through_once_in_a_while_with_the_count_of_the_others()
    {
        var lines = new RepeatedLines(TimeSpan.FromSeconds(30), _timeProvider);
        lines.MayWrite("Connect to ipv4#127.0.0.1:9092 failed (after 0ms)", out var leftOut).ShouldBeTrue();
        foreach (var milliseconds in Enumerable.Range(1, 20))
            lines.MayWrite($"Connect to ipv4#127.0.0.1:9092 failed (after {milliseconds}ms)", out leftOut).ShouldBeFalse();
        lines.MayWrite("another line", out _).ShouldBeTrue();

        _timeProvider.Advance(TimeSpan.FromSeconds(30));
        lines.MayWrite("Connect to ipv4#127.0.0.1:9092 failed (after 1ms)", out leftOut).ShouldBeTrue();
        leftOut.ShouldBe(20);
    }

    [Test]
    public async Task While_no_broker_answers_a_client_tries_a_few_times_a_second_and_the_log_has_few_lines()
    {
        var log = new CountingLog();
        await using var host = await RiderHost.StartAsync(
            "127.0.0.1:1", _ => { }, (_, _) => { }, services => services.AddLogging(logging => logging.AddProvider(log)), awaitReady: false);
        await Eventually.Until(() => log.Lines > 0, null, "the log tells that the connection is refused");
        var tried = System.Diagnostics.Stopwatch.StartNew();
        await Eventually.Until(() => tried.Elapsed > TimeSpan.FromSeconds(5), null, "five seconds of outage");

        log.Lines.ShouldBeLessThan(10, "lines in five seconds");
    }

    [Test]
    public void Brokers_that_refuse_the_login_are_counted_and_named()
    {
        var refusals = new LoginRefusals(_timeProvider);
        refusals.Say(3).ShouldBeNull();
        refusals.Note("sasl_ssl://kafka-2:9093/2: SASL authentication error: expired");
        refusals.Note("sasl_ssl://kafka-2:9093/2: SASL authentication error: expired");
        refusals.Note("sasl_ssl://any:9093/bootstrap: SASL authentication error: expired");
        refusals.Say(3).ShouldBe("1 of 3 brokers refuses our login: kafka-2:9093: SASL authentication error: expired");
        refusals.Note("sasl_ssl://kafka-1:9093/1: SASL authentication error: expired");
        refusals.Say(3)!.ShouldStartWith("2 of 3 brokers refuse our login: ");
        _timeProvider.Advance(TimeSpan.FromMinutes(1));
        refusals.Say(3).ShouldBeNull();
    }

    [Test]
    public void A_topic_that_cannot_be_written_is_named_with_its_partitions_and_their_brokers_until_it_can()
    {
        var failing = new FailingPartitions(_timeProvider);
        IEnumerable<TopicProblem> Problems() => failing.Problems(partition => partition.Partition.Value, _ => 2);
        failing.Failed(Three, TimedOut);
        Problems().ShouldBe([new TopicProblem("orders", "cannot be written: partition 3 (broker 3): timed out", IsWhole: false)]);
        failing.Failed(Zero, TimedOut);
        Problems().ShouldBe([new TopicProblem("orders", "cannot be written: partition 0 (broker 0), partition 3 (broker 3): timed out", IsWhole: true)]);
        failing.Succeeded(Zero);
        failing.Succeeded(Three);
        Problems().ShouldBeEmpty();
    }

    [Test]
    public void A_failure_to_write_counts_for_a_while_as_health_may_keep_the_next_from_coming()
    {
        var failing = new FailingPartitions(_timeProvider);
        failing.Failed(Zero, TimedOut);
        _timeProvider.Advance(TimeSpan.FromSeconds(30));
        failing.Problems(_ => null, _ => null).ShouldBeEmpty();
    }

    [Test]
    public void A_record_that_is_too_large_says_nothing_of_its_topic()
    {
        var failing = new FailingPartitions(_timeProvider);
        failing.Failed(Zero, new Error(ErrorCode.MsgSizeTooLarge));
        failing.Problems(_ => null, _ => null).ShouldBeEmpty();
    }

    [Test]
    public void WRITE_that_is_refused_is_named()
    {
        var failing = new FailingPartitions(_timeProvider);
        failing.Failed(Zero, new Error(ErrorCode.TopicAuthorizationFailed));
        failing.Problems(_ => null, _ => null).ShouldHaveSingleItem().What.ShouldBe("cannot be written: partition 0: WRITE on topic orders is refused");
        KafkaProducer.ToException("orders", new Error(ErrorCode.TopicAuthorizationFailed), PersistenceStatus.NotPersisted, new KafkaException(TimedOut))
            .Message.ShouldContain("WRITE on topic orders is refused");
    }

    [Test]
    public void Throttling_is_read_from_a_clients_statistics() =>
        Throttling.Of("""{"brokers":{"kafka-1:9092/1":{"throttle":{"max":0}},"kafka-2:9092/2":{"throttle":{"max":1250}},"x":{}}}""")
            .ShouldBe([new Throttling("kafka-2:9092/2", TimeSpan.FromMilliseconds(1250))]);

    [TestCase(TimestampType.CreateTime, 0, 10)]
    [TestCase(TimestampType.CreateTime, -3, 7)]
    [TestCase(TimestampType.LogAppendTime, 0, 10)]
    [TestCase(TimestampType.LogAppendTime, -1, 9)]
    [TestCase(TimestampType.LogAppendTime, -3600, 1)]
    public void A_hop_takes_a_second_at_least_however_far_behind_a_brokers_clock_is(TimestampType type, int written, int released)
    {
        var readAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var due = (readAt + TimeSpan.FromHours(1)).ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        DelayPlan.Of(new Timestamp((readAt + TimeSpan.FromSeconds(written)).ToUnixTimeMilliseconds(), type), due, readAt, TimeSpan.FromSeconds(10))
            .Release.ShouldBe(readAt + TimeSpan.FromSeconds(released));
    }

    [Test]
    public void A_record_that_is_due_leaves_at_once_whatever_its_hop_should_take()
    {
        var readAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        DelayPlan.Of(new Timestamp(readAt.ToUnixTimeMilliseconds(), TimestampType.LogAppendTime), "1000", readAt, TimeSpan.FromSeconds(10)).Release.ShouldBeLessThan(readAt);
    }

    private sealed class CountingLog : ILoggerProvider, ILogger
    {
        private int _lines;

        public int Lines => Volatile.Read(ref _lines);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).Contains("refused", StringComparison.Ordinal))
                Interlocked.Increment(ref _lines);
        }

        public void Dispose()
        {
        }
    }
}
