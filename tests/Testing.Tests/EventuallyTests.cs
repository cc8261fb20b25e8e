using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

public class EventuallyTests
{
    [Test]
    public async Task A_condition_that_comes_true_is_waited_for()
    {
        var tries = 0;
        await Eventually.Until(() => ++tries == 3, TimeSpan.FromSeconds(5), "the third try");
        tries.ShouldBe(3);
    }

    [Test]
    public async Task A_value_is_returned_once_it_satisfies()
    {
        var value = 0;
        (await Eventually.Value(() => ++value, seen => seen > 2, TimeSpan.FromSeconds(5), "more than two")).ShouldBe(3);
    }

    [Test]
    public async Task A_missed_deadline_names_what_was_awaited_and_the_last_value()
    {
        var missed = await Should.ThrowAsync<TimeoutException>(
            () => Eventually.Value(() => 7, seen => seen > 7, TimeSpan.FromMilliseconds(50), "more than seven"));
        missed.Message.ShouldBe("Not within 0.05 s: more than seven (last seen: 7)");
    }

    [Test]
    public async Task What_never_ends_is_named_and_what_ends_gives_its_value_or_its_own_failure()
    {
        var missed = await Should.ThrowAsync<TimeoutException>(
            Eventually.Ends(new TaskCompletionSource().Task, TimeSpan.FromMilliseconds(50), "the engine answers"));
        missed.Message.ShouldBe("Not within 0.05 s: the engine answers");
        (await Eventually.Ends(Task.FromResult(7), null, "a number")).ShouldBe(7);
        (await Should.ThrowAsync<TimeoutException>(Eventually.Ends(Task.FromException(new TimeoutException("its own")), null, "a failure"))).Message.ShouldBe("its own");
    }

    [Test]
    public async Task A_missed_deadline_carries_the_last_exception()
    {
        var missed = await Should.ThrowAsync<TimeoutException>(() => Eventually.Until(
            () => throw new InvalidOperationException("not there"), TimeSpan.FromMilliseconds(50), "something"));
        missed.Message.ShouldContain("last failure: InvalidOperationException: not there");
        missed.InnerException.ShouldBeOfType<InvalidOperationException>();
    }

    [Test]
    public async Task An_assertion_is_tried_until_it_passes()
    {
        var tries = 0;
        var value = await Eventually.Passes(
            () => Task.FromResult(++tries), seen => seen.ShouldBe(2), TimeSpan.FromSeconds(5), "the second try");
        value.ShouldBe(2);
    }
}
