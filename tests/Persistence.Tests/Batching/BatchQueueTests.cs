using NUnit.Framework;
using Persistence.Batching;
using Shouldly;

namespace Persistence.Tests.Batching;

public sealed class BatchQueueTests
{
    private static readonly Guid[] Keys = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid())];

    [Test]
    public void A_batch_holds_the_oldest_and_no_more_than_the_limit()
    {
        var queue = Queue(limit: 2, (0, 1), (1, 2), (2, 3));
        Take(queue).ShouldBe([1, 2]);
        Take(queue).ShouldBe([3]);
        Take(queue).ShouldBeEmpty();
    }

    [Test]
    public void Two_items_of_one_key_go_one_after_the_other_and_hold_up_no_other_key()
    {
        var queue = Queue(limit: 10, (0, 1), (0, 2), (1, 3), (0, 4), (2, 5));
        Take(queue).ShouldBe([1, 3, 5]);
        queue.Count.ShouldBe(2);
        queue.Add((Keys[1], 6));
        Take(queue).ShouldBe([2, 6]);
        Take(queue).ShouldBe([4]);
    }

    [Test]
    public void Whatever_comes_every_item_goes_once_and_those_of_a_key_in_their_order([Random(0, int.MaxValue, 50)] int seed)
    {
        var random = new Random(seed);
        var limit = random.Next(1, 6);
        var queue = new BatchQueue<(Guid Key, int Number)>(limit, item => item.Key);
        var (added, taken) = (new List<(Guid Key, int Number)>(), new List<(Guid Key, int Number)>());
        for (var step = 0; step < 200 || queue.Count > 0; step++)
        {
            if (step < 200 && random.Next(3) > 0)
            {
                added.Add((Keys[random.Next(Keys.Length)], step));
                queue.Add(added[^1]);
                continue;
            }
            var batch = queue.Take();
            batch.Count.ShouldBeLessThanOrEqualTo(limit);
            batch.Select(item => item.Key).ShouldBeUnique();
            taken.AddRange(batch);
        }
        foreach (var key in Keys)
            taken.Where(item => item.Key == key).ShouldBe(added.Where(item => item.Key == key));
    }

    private static BatchQueue<(Guid Key, int Number)> Queue(int limit, params (int Key, int Number)[] items)
    {
        var queue = new BatchQueue<(Guid Key, int Number)>(limit, item => item.Key);
        foreach (var (key, number) in items)
            queue.Add((Keys[key], number));
        return queue;
    }

    private static IEnumerable<int> Take(BatchQueue<(Guid Key, int Number)> queue) => queue.Take().Select(item => item.Number);
}
