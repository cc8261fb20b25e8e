using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class AdjustableLimitTests
{
    [Test]
    public async Task Places_go_in_turn_and_a_probe_goes_first()
    {
        var limit = new AdjustableLimit(1);
        await limit.WaitAsync(default, CancellationToken.None);
        var (second, third) = (limit.WaitAsync(default, CancellationToken.None).AsTask(), limit.WaitAsync(default, CancellationToken.None).AsTask());
        var probe = limit.WaitFirstAsync(CancellationToken.None).AsTask();
        limit.Release();
        await probe;
        limit.Release();
        await second;
        third.IsCompleted.ShouldBeFalse();
        limit.Release();
        await third;
    }

    [Test]
    public async Task A_limit_that_grows_admits_those_that_wait_and_one_that_shrinks_waits_for_those_that_are_in()
    {
        var limit = new AdjustableLimit(2);
        await limit.WaitAsync(default, CancellationToken.None);
        await limit.WaitAsync(default, CancellationToken.None);
        limit.Limit = 1;
        var third = limit.WaitAsync(default, CancellationToken.None).AsTask();
        limit.Release();
        third.IsCompleted.ShouldBeFalse();
        limit.Limit = 2;
        await third;
        limit.Taken.ShouldBe(2);
    }

    [Test]
    public async Task Whoever_gives_up_takes_no_place()
    {
        var limit = new AdjustableLimit(1);
        await limit.WaitAsync(default, CancellationToken.None);
        using var source = new CancellationTokenSource();
        var gone = limit.WaitAsync(default, source.Token).AsTask();
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(gone);
        limit.Waiting.ShouldBe(0);
        limit.Release();
        limit.Taken.ShouldBe(0);
    }
}
