using Messaging.Kafka.Batches;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Batches;

public class BatchTurnTests
{
    [Test]
    public async Task A_record_enters_when_the_one_before_it_waits_in_a_batch_and_begins_together_with_it()
    {
        var (first, second) = Two();
        await first.Enter(default);
        var entering = second.Enter(default);
        entering.IsCompleted.ShouldBeFalse("the first is not in its batch yet");
        first.Entered();
        await entering;
        second.Entered();

        HashSet<BatchTurn> batch = [];
        first.TryBegin(batch).ShouldBeTrue();
        second.TryBegin(batch).ShouldBeTrue();
    }

    [Test]
    public async Task A_record_does_not_enter_while_the_one_before_it_runs_and_does_when_that_is_consumed()
    {
        var (first, second) = Two();
        await first.Enter(default);
        first.Entered();
        first.TryBegin([]).ShouldBeTrue();
        var entering = second.Enter(default);
        entering.IsCompleted.ShouldBeFalse();

        first.Consumed();
        await entering;
        second.TryBegin([]).ShouldBeTrue();
    }

    [Test]
    public async Task A_batch_begins_without_a_record_whose_predecessor_is_in_another_and_that_waits_until_the_predecessor_is_over()
    {
        var (first, second) = Two();
        await first.Enter(default);
        first.Entered();
        await second.Enter(default);
        second.Entered();
        first.TryBegin([]).ShouldBeTrue();
        first.Fail(new InvalidOperationException());

        second.TryBegin([]).ShouldBeFalse();
        second.IsLeftOut.ShouldBeTrue();
        // The first comes again, and its next batch would begin without the second, too.
        await first.Enter(default);
        first.Entered();
        var entering = second.Enter(default);
        entering.IsCompleted.ShouldBeFalse();
        first.End();
        await entering;
        second.IsLeftOut.ShouldBeFalse();
        second.TryBegin([]).ShouldBeTrue();
    }

    [Test]
    public async Task What_has_been_left_out_together_comes_together_again()
    {
        var (first, second) = Two();
        var third = new BatchTurn(second);
        foreach (var turn in new[] { first, second, third })
        {
            await turn.Enter(default);
            turn.Entered();
        }

        first.TryBegin([]).ShouldBeTrue();
        HashSet<BatchTurn> batch = [];
        second.TryBegin(batch).ShouldBeFalse();
        third.TryBegin(batch).ShouldBeFalse();
        var entering = third.Enter(default);
        first.Consumed();
        await second.Enter(default);
        entering.IsCompleted.ShouldBeFalse("the second is not in its batch yet");
        second.Entered();
        await entering;
        second.TryBegin(batch).ShouldBeTrue();
        third.TryBegin(batch).ShouldBeTrue();
    }

    [Test]
    public async Task What_has_failed_together_is_settled_in_its_order()
    {
        var (first, second) = Two();
        second.BeforeIsSettled(default).IsCompleted.ShouldBeTrue("the first has not failed");
        await first.Enter(default);
        first.Fail(new InvalidOperationException());
        var settled = second.BeforeIsSettled(default);
        settled.IsCompleted.ShouldBeFalse();
        first.End();
        await settled;
    }

    [Test]
    public async Task A_wait_ends_with_its_record()
    {
        var (_, second) = Two();
        using var canceled = new CancellationTokenSource();
        var entering = second.Enter(canceled.Token);
        await canceled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => entering);
    }

    private static (BatchTurn First, BatchTurn Second) Two()
    {
        var first = new BatchTurn(null);
        return (first, new BatchTurn(first));
    }
}
