using System.Collections.Concurrent;
using Npgsql;
using NUnit.Framework;
using Persistence.Batching;
using Shouldly;
using Testing;

namespace Persistence.Tests.Batching;

public sealed class GroupCommitTests
{
    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    [Test]
    public async Task The_first_goes_at_once_and_what_comes_meanwhile_goes_together()
    {
        var disk = new Disk();
        var commit = disk.Commit(atOnce: 1);
        var first = commit.WriteAsync(new Item(1), CancellationToken.None);
        await disk.BeginsAsync(1);
        var others = Enumerable.Range(2, 5).Select(number => commit.WriteAsync(new Item(number), CancellationToken.None)).ToList();
        disk.Batches.ShouldHaveSingleItem().ShouldBe([1]);

        disk.Release();
        (await first.WaitAsync(Deadline)).ShouldBe(1);
        (await Task.WhenAll(others).WaitAsync(Deadline)).ShouldBe([2, 3, 4, 5, 6]);
        disk.Batches.Count.ShouldBe(2);
    }

    [Test]
    public async Task No_more_batches_are_under_way_than_there_are_turns_and_none_is_larger_than_the_limit()
    {
        var disk = new Disk();
        var commit = disk.Commit(atOnce: 2, limit: 10, beside: TimeSpan.FromMilliseconds(10));
        var all = Enumerable.Range(1, 100).Select(number => commit.WriteAsync(new Item(number), CancellationToken.None)).ToList();
        await disk.BeginsAsync(1);
        // One that takes long is seen by whoever comes then.
        await Eventually.Until(
            () =>
            {
                all.Add(commit.WriteAsync(new Item(all.Count + 1), CancellationToken.None));
                return disk.Batches.Count == 2;
            },
            Deadline, "a second batch is under way");
        disk.Release();
        (await Task.WhenAll(all).WaitAsync(Deadline)).ShouldBe(Enumerable.Range(1, all.Count));
        disk.MostAtOnce.ShouldBe(2);
        disk.Batches.ShouldAllBe(batch => batch.Count <= 10);
    }

    [Test]
    public async Task A_second_batch_goes_only_beside_one_that_takes_long()
    {
        var disk = new Disk();
        var commit = disk.Commit(atOnce: 2, limit: 10, beside: Deadline);
        var all = Enumerable.Range(1, 100).Select(number => commit.WriteAsync(new Item(number), CancellationToken.None)).ToList();
        await disk.BeginsAsync(1);
        disk.Batches.Count.ShouldBe(1);
        disk.Release();
        await Task.WhenAll(all).WaitAsync(Deadline);
        disk.MostAtOnce.ShouldBe(1);
    }

    [Test]
    public async Task A_waiter_that_gives_up_stops_no_batch_and_is_not_written_where_it_had_not_begun()
    {
        var disk = new Disk();
        var commit = disk.Commit(atOnce: 1);
        using var canceling = new CancellationTokenSource();
        var begun = commit.WriteAsync(new Item(1), canceling.Token);
        await disk.BeginsAsync(1);
        var (canceled, waiting) = (commit.WriteAsync(new Item(2), canceling.Token), commit.WriteAsync(new Item(3), CancellationToken.None));
        await canceling.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(begun);
        await Should.ThrowAsync<OperationCanceledException>(canceled);

        disk.Release();
        (await waiting.WaitAsync(Deadline)).ShouldBe(3);
        disk.Written.ShouldBe([1, 3], ignoreOrder: true);
    }

    [Test]
    public async Task Of_a_batch_with_an_item_that_cannot_be_written_all_others_are([Values(1, 4, 7)] int bad)
    {
        var disk = new Disk { Fail = items => items.Any(item => item.Number == bad) ? new PostgresException("numeric out of range", "ERROR", "ERROR", "22003") : null };
        var commit = disk.Commit(atOnce: 1);
        var all = Enumerable.Range(0, 8).Select(number => commit.WriteAsync(new Item(number), CancellationToken.None)).ToList();
        disk.Release();
        foreach (var (write, number) in all.Select((write, number) => (write, number)))
        {
            if (number == bad)
                (await Should.ThrowAsync<PostgresException>(write.WaitAsync(Deadline))).SqlState.ShouldBe("22003");
            else
                (await write.WaitAsync(Deadline)).ShouldBe(number);
        }
    }

    [Test]
    public async Task What_fails_by_Postgres_itself_fails_for_all_at_once_and_is_recognized()
    {
        var disk = new Disk { Fail = _ => new NpgsqlException("broken", new IOException("reset by peer")) };
        var commit = disk.Commit(atOnce: 1);
        var first = commit.WriteAsync(new Item(0), CancellationToken.None);
        await disk.BeginsAsync(1);
        var all = Enumerable.Range(1, 50).Select(number => commit.WriteAsync(new Item(number), CancellationToken.None)).ToList();
        disk.Release();
        foreach (var write in all.Prepend(first))
            PostgresErrors.IsUnavailable(await Should.ThrowAsync<NpgsqlException>(write.WaitAsync(Deadline))).ShouldBeTrue();
        disk.Batches.Count.ShouldBe(2);
    }

    [Test]
    public async Task A_deadlock_is_tried_again_by_itself_and_no_longer_than_a_few_times()
    {
        var tries = 0;
        var disk = new Disk { Fail = _ => ++tries < 3 ? new PostgresException("deadlock detected", "ERROR", "ERROR", PostgresErrorCodes.DeadlockDetected) : null };
        disk.Release();
        (await disk.Commit(atOnce: 1).WriteAsync(new Item(1), CancellationToken.None).WaitAsync(Deadline)).ShouldBe(1);

        var always = new Disk { Fail = _ => new PostgresException("deadlock detected", "ERROR", "ERROR", PostgresErrorCodes.DeadlockDetected) };
        always.Release();
        await Should.ThrowAsync<PostgresException>(always.Commit(atOnce: 1).WriteAsync(new Item(1), CancellationToken.None).WaitAsync(Deadline));
        always.Batches.Count.ShouldBe(3);
    }

    [Test]
    public async Task It_goes_on_after_a_failure()
    {
        var disk = new Disk { Fail = items => items[0].Number == 1 ? new InvalidOperationException("a defect") : null };
        disk.Release();
        var commit = disk.Commit(atOnce: 1);
        await Should.ThrowAsync<InvalidOperationException>(commit.WriteAsync(new Item(1), CancellationToken.None).WaitAsync(Deadline));
        (await commit.WriteAsync(new Item(2), CancellationToken.None).WaitAsync(Deadline)).ShouldBe(2);
    }

    private sealed record Item(int Number)
    {
        public Guid Key { get; } = Guid.NewGuid();
    }

    /// <summary>Where batches are written: holds them until it is released, and answers each item with its number.</summary>
    private sealed class Disk
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentQueue<IReadOnlyList<int>> _batches = new();
        private readonly ConcurrentQueue<int> _written = new();
        private int _atOnce;
        private int _mostAtOnce;

        public Func<IReadOnlyList<Item>, Exception?> Fail { get; init; } = _ => null;

        public ConcurrentQueue<IReadOnlyList<int>> Batches => _batches;

        public ConcurrentQueue<int> Written => _written;

        public int MostAtOnce => _mostAtOnce;

        /// <summary>Batches of it; one that takes longer than <paramref name="beside"/> has another beside it.</summary>
        public GroupCommit<Item, int> Commit(int atOnce, int limit = 100, TimeSpan? beside = null) =>
            new(WriteAsync, item => item.Key, limit, new Turns(atOnce, beside ?? TimeSpan.FromSeconds(1)));

        public void Release() => _released.SetResult();

        public Task BeginsAsync(int batches) =>
            Eventually.Until(() => Task.FromResult(_batches.Count >= batches), Deadline, $"{batches} batches are under way");

        private async Task<IReadOnlyList<int>> WriteAsync(IReadOnlyList<Item> items)
        {
            var atOnce = Interlocked.Increment(ref _atOnce);
            InterlockedMax(atOnce);
            _batches.Enqueue([.. items.Select(item => item.Number)]);
            await _released.Task;
            Interlocked.Decrement(ref _atOnce);
            if (Fail(items) is { } exception)
                throw exception;
            foreach (var item in items)
                _written.Enqueue(item.Number);
            return [.. items.Select(item => item.Number)];
        }

        private void InterlockedMax(int value)
        {
            for (var most = _mostAtOnce; value > most; most = _mostAtOnce)
                Interlocked.CompareExchange(ref _mostAtOnce, value, most);
        }
    }
}
