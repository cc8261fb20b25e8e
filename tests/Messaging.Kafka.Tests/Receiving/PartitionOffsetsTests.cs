using FsCheck;
using FsCheck.Fluent;
using Messaging.Kafka.Receiving;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

public class PartitionOffsetsTests
{
    [Test]
    public void A_record_that_is_not_completed_holds_the_watermark_whatever_is_completed_behind_it()
    {
        var offsets = new PartitionOffsets();
        var first = offsets.Admit(10);
        var second = offsets.Admit(11);
        var third = offsets.Admit(15);

        offsets.Complete(second);
        offsets.Complete(third);
        offsets.Watermark.ShouldBe(10);
        offsets.Oldest.ShouldBe(10);

        offsets.Complete(first);
        offsets.Watermark.ShouldBe(16);
        offsets.Oldest.ShouldBeNull();
        offsets.Span.ShouldBe(0);
    }

    [Test]
    public void Completing_a_record_twice_changes_nothing()
    {
        var offsets = new PartitionOffsets();
        var first = offsets.Admit(0);
        offsets.Admit(1);
        offsets.Complete(first);
        offsets.Complete(first);
        offsets.Watermark.ShouldBe(1);
        offsets.Passed.ShouldBe(1);
    }

    [Test]
    public void The_end_of_the_partition_moves_the_watermark_once_nothing_is_under_way()
    {
        var offsets = new PartitionOffsets();
        var first = offsets.Admit(10);
        offsets.ReachedEnd(12);
        offsets.Watermark.ShouldBe(10);
        offsets.HasMoved.ShouldBeFalse();

        offsets.Complete(first);
        offsets.Watermark.ShouldBe(12);

        offsets.ReachedEnd(14);
        offsets.Watermark.ShouldBe(14);
        offsets.Complete(offsets.Admit(14));
        offsets.Watermark.ShouldBe(15);
    }

    [Test]
    public void An_end_without_any_record_is_where_the_group_is_and_an_empty_partition_is_nowhere()
    {
        var offsets = new PartitionOffsets();
        offsets.ReachedEnd(0);
        offsets.HasMoved.ShouldBeFalse();
        offsets.ReachedEnd(3);
        (offsets.Watermark, offsets.HasMoved).ShouldBe((3, true));
    }

    /// <summary>Random gaps and random order of completion, against the definition written out: the oldest record that is not completed.</summary>
    [FsCheck.NUnit.Property(MaxTest = 500)]
    public FsCheck.Property The_watermark_is_always_the_oldest_record_that_is_not_completed() =>
        Prop.ForAll(Steps().ToArbitrary(), steps =>
        {
            var offsets = new PartitionOffsets();
            var open = new SortedDictionary<long, long>();
            var newest = -1L;
            foreach (var step in steps)
            {
                if (step >= 0 || open.Count == 0)
                {
                    newest += 1 + Math.Abs(step % 3);
                    open.Add(newest, offsets.Admit(newest));
                }
                else
                {
                    var (offset, sequence) = open.ElementAt(Math.Abs(step) % open.Count);
                    open.Remove(offset);
                    offsets.Complete(sequence);
                }

                var expected = open.Count > 0 ? open.First().Key : newest + 1;
                if (offsets.Watermark != expected)
                    return false;
            }

            return true;
        });

    private static Gen<int[]> Steps() => Gen.Choose(-1000, 1000).ArrayOf(300);
}
