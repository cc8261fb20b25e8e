using System.Reflection;
using Confluent.Kafka;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

/// <summary>When a full partition is waited for, paused and resumed. Two partitions, with a share of a hundred records each.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadAheadTests : IDisposable
{
    private const int Share = 100;

    private readonly FakeTimeProvider _time = new();
    private readonly AssignedPartitions _assignments = new(NullLogger.Instance);
    private readonly IConsumer<byte[]?, byte[]?> _client = PausesNoted.Create();
    private readonly ReadAhead _readAhead;
    private readonly PartitionAssignment _full;
    private readonly PartitionAssignment _other;
    private readonly Queue<Delivery> _held = [];
    private ConsumerSettings _settings = Settings(2 * Share);
    private bool _busy;

    public ReadAheadTests()
    {
        _full = _assignments.Begin(new TopicPartition("email.send", 0));
        _other = _assignments.Begin(new TopicPartition("email.send", 1));
        _readAhead = New();
    }

    [Test]
    public void While_the_others_have_records_a_full_partition_is_waited_for_a_second_and_not_paused()
    {
        Read(_other, Share / 10);
        Fill();
        ShouldBePausedAfter(1000);
    }

    [Test]
    public void While_all_workers_are_busy_it_is_waited_for_a_second_whatever_the_others_have()
    {
        _busy = true;
        Fill();
        ShouldBePausedAfter(1000);
    }

    [Test]
    public void Where_another_partition_has_run_out_of_records_it_is_waited_for_a_tenth_of_a_second()
    {
        Read(_other, (Share / 10) - 1);
        Fill();
        ShouldBePausedAfter(100);
    }

    [Test]
    public void A_partition_that_was_waited_for_is_read_on_once_a_tenth_of_its_share_is_free()
    {
        Fill();

        Complete((Share / 10) - 1);
        _readAhead.WaitsForSpace(_client).ShouldBeTrue();
        Complete(1);
        _readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBeEmpty();
        _readAhead.IsFull(_full).ShouldBeFalse();
    }

    [Test]
    public void A_paused_partition_is_resumed_once_half_of_its_share_is_free()
    {
        Fill();
        _time.Advance(TimeSpan.FromSeconds(1));
        _readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBe([_full.Partition]);

        Complete((Share / 2) - 1);
        _readAhead.ResumeWhatMay(_client);
        Paused.ShouldBe([_full.Partition]);
        Complete(1);
        _readAhead.ResumeWhatMay(_client);
        Paused.ShouldBeEmpty();
    }

    [Test]
    public void A_full_partition_of_records_that_wait_until_they_are_due_is_paused_at_once_as_others_may_be_due_before()
    {
        _settings = Settings(2 * Share, hasDueTimes: true);
        using var readAhead = New();
        Read(_other, Share / 2);
        Read(_full, Share);
        readAhead.Note(_full);

        readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBe([_full.Partition]);
    }

    [Test]
    public void A_partition_without_a_record_has_run_out_however_small_the_shares_are()
    {
        _settings = Settings(2);
        using var readAhead = New();
        Read(_full, 1);
        readAhead.Note(_full);

        _time.Advance(TimeSpan.FromMilliseconds(100));
        readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBe([_full.Partition], "the other one may have a record");
    }

    [Test]
    public void A_record_that_takes_long_does_not_keep_its_partition_paused_for_ever()
    {
        _settings = Settings(2 * Share, messageLimit: 50);
        using var readAhead = New();
        Read(_full, 50);
        var slow = _held.Dequeue();
        readAhead.IsFull(_full).ShouldBeTrue();
        readAhead.Note(_full);
        Complete(49);
        readAhead.WaitsForSpace(_client).ShouldBeTrue("the watermark has not moved");
        _time.Advance(TimeSpan.FromMilliseconds(100));
        readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBe([_full.Partition]);

        _held.Enqueue(slow);
        Complete(1);
        readAhead.ResumeWhatMay(_client);
        Paused.ShouldBeEmpty();
    }

    public void Dispose()
    {
        _readAhead.Dispose();
        _client.Dispose();
    }

    private List<TopicPartition> Paused => ((PausesNoted)_client).Paused;

    private static ConsumerSettings Settings(int prefetchCount, int messageLimit = 10_000, bool hasDueTimes = false) =>
        new() { Name = "email.send", Topics = ["email.send"], Config = [], PrefetchCount = prefetchCount, MessageLimit = messageLimit, HasDueTimes = hasDueTimes };

    private ReadAhead New() => new(_settings, _assignments, () => _busy, _time);

    private void Fill()
    {
        Read(_full, Share);
        _readAhead.IsFull(_full).ShouldBeTrue();
        _readAhead.Note(_full);
    }

    private void ShouldBePausedAfter(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        _readAhead.WaitsForSpace(_client).ShouldBeTrue();
        Paused.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _readAhead.WaitsForSpace(_client).ShouldBeFalse();
        Paused.ShouldBe([_full.Partition], "it takes too long");
    }

    private void Read(PartitionAssignment assignment, int records)
    {
        for (var offset = 0; offset < records; offset++)
        {
            var delivery = assignment.Read(offset);
            if (ReferenceEquals(assignment, _full))
                _held.Enqueue(delivery);
        }
    }

    private void Complete(int records)
    {
        for (; records > 0; records--)
            _full.Complete(_held.Dequeue());
    }

    /// <summary>A consumer that is only paused and resumed.</summary>
    public class PausesNoted : DispatchProxy
    {
        internal List<TopicPartition> Paused { get; } = [];

        public static IConsumer<byte[]?, byte[]?> Create() => Create<IConsumer<byte[]?, byte[]?>, PausesNoted>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var partitions = (IEnumerable<TopicPartition>?)args?.SingleOrDefault();
            switch (targetMethod?.Name)
            {
                case nameof(IConsumer<,>.Pause): Paused.AddRange(partitions!); break;
                case nameof(IConsumer<,>.Resume): Paused.RemoveAll(partition => partitions!.Contains(partition)); break;
                case nameof(IDisposable.Dispose): break;
                default: throw new NotSupportedException(targetMethod?.Name);
            }

            return null;
        }
    }
}
