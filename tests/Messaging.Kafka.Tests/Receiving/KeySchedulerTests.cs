using FsCheck.Fluent;
using Messaging.Kafka.Receiving;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Receiving;

public class KeySchedulerTests
{
    [Test]
    public void A_busy_key_holds_back_its_own_items_and_no_others()
    {
        var scheduler = new KeyScheduler<string>();
        scheduler.Add(1, "a1");
        scheduler.Add(1, "a2");
        scheduler.Add(2, "b1");
        scheduler.Add(null, "n1");

        Take(scheduler).ShouldBe("a1");
        Take(scheduler).ShouldBe("b1");
        Take(scheduler).ShouldBe("n1");
        scheduler.TryTake(out _, out _).ShouldBeFalse();

        scheduler.Done(1);
        Take(scheduler).ShouldBe("a2");
        scheduler.Done(1);
        scheduler.TryTake(out _, out _).ShouldBeFalse();
    }

    [Test]
    public void Parties_take_turns_and_the_order_of_a_key_stays()
    {
        var scheduler = new KeyScheduler<string>();
        for (var i = 0; i < 3; i++)
            scheduler.Add(null, $"many{i}", party: 1);
        scheduler.Add(7, "key, first", party: 1);
        scheduler.Add(7, "key, second", party: 2);
        scheduler.Add(null, "other", party: 2);

        Take(scheduler).ShouldBe("many0");
        Take(scheduler).ShouldBe("other");
        Take(scheduler).ShouldBe("many1");
        Take(scheduler).ShouldBe("many2");
        Take(scheduler).ShouldBe("key, first");
        scheduler.TryTake(out _, out _).ShouldBeFalse();
        scheduler.Done(7);
        Take(scheduler).ShouldBe("key, second");
    }

    /// <summary>Random adds, takes and completions: order within a key, never two of a key at once, and nothing idle that could run.</summary>
    [FsCheck.NUnit.Property(MaxTest = 300)]
    public FsCheck.Property Order_holds_within_each_key_and_nothing_that_could_run_waits() =>
        Prop.ForAll(Gen.Choose(-1000, 1000).ArrayOf(300).ToArbitrary(), steps =>
        {
            var scheduler = new KeyScheduler<(int? Key, int Number)>();
            var added = 0;
            var last = new Dictionary<int, int>();
            var running = new List<int?>();
            var waiting = new List<int?>();
            foreach (var step in steps)
            {
                if (step > 0)
                {
                    int? key = step % 7 == 0 ? null : step % 7;
                    scheduler.Add(key, (key, added++));
                    waiting.Add(key);
                }
                else if (step < -500 && running.Count > 0)
                {
                    var key = running[-step % running.Count];
                    running.Remove(key);
                    scheduler.Done(key);
                }
                else if (scheduler.TryTake(out var key, out var item))
                {
                    waiting.Remove(key);
                    if (key is { } ordered && (running.Contains(key) || last.GetValueOrDefault(ordered, -1) > item.Number))
                        return false;
                    if (key is { } known)
                        last[known] = item.Number;
                    running.Add(key);
                }
                else if (waiting.Exists(candidate => candidate is null || !running.Contains(candidate)))
                {
                    return false;
                }
            }

            // What is left is what waited, no more and no less.
            running.ForEach(key => scheduler.Done(key));
            var left = 0;
            for (; scheduler.TryTake(out var key, out _); left++)
                scheduler.Done(key);
            return left == waiting.Count;
        });

    [Test]
    public void An_item_is_taken_in_its_lane_alone_and_the_order_of_its_key_holds_over_all_lanes()
    {
        var scheduler = new KeyScheduler<string>();
        scheduler.Add(7, "key, first", lane: 1);
        scheduler.Add(7, "key, second", lane: 0);
        scheduler.Add(null, "other", lane: 0);

        scheduler.TryTake(out _, out var other, lane: 0).ShouldBeTrue();
        other.ShouldBe("other");
        scheduler.TryTake(out _, out _, lane: 0).ShouldBeFalse("the second waits for the first, whatever its lane");
        scheduler.TryTake(out _, out var first, lane: 1).ShouldBeTrue();
        first.ShouldBe("key, first");
        scheduler.Done(7).ShouldBe(0);
        Take(scheduler).ShouldBe("key, second");
        scheduler.Done(7).ShouldBeNull();
    }

    private static string Take(KeyScheduler<string> scheduler)
    {
        scheduler.TryTake(out _, out var item).ShouldBeTrue();
        return item!;
    }
}
